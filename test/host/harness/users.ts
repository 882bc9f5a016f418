/** Two users who share a machine, by number alone: one has a bot, the other is after it. */
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { TemporaryDirectory } from '../../e2e/harness/directory.ts'
import { programPath } from '../../e2e/harness/requirements.ts'
import { type RunOptions, type RunResult, run } from '../../e2e/harness/run.ts'

export interface User {
  readonly uid: number
  readonly gid: number
}

export const ROOT: User = { uid: 0, gid: 0 }
export const OWNER: User = { uid: 61_001, gid: 61_001 }
export const ATTACKER: User = { uid: 61_002, gid: 61_002 }

/** The command, run by that user with that umask. */
export function asUser(
  { uid, gid }: User,
  command: readonly string[],
  umask = '022',
): readonly string[] {
  return [
    ...[programPath('setpriv'), `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--'],
    ...['/bin/sh', '-c', `umask ${umask}; exec "$@"`, 'sh', ...command],
  ]
}

/** Runs a line of shell as that user. */
export function shell(user: User, line: string, options: RunOptions = {}): Promise<RunResult> {
  return run(asUser(user, ['/bin/sh', '-c', line]), options)
}

/** As `shell`; it has to succeed. */
export async function act(user: User, line: string): Promise<string> {
  const { code, stdout, stderr } = await shell(user, line)
  if (code !== 0) throw new Error(`${line}: ${code} ${stderr}`)
  return stdout
}

/** A directory of root's, in which the two have theirs. */
export class SharedPlace extends TemporaryDirectory {
  constructor() {
    super('mezite-host-')
    for (const [name, user] of [
      ['owner', OWNER],
      ['attacker', ATTACKER],
    ] as const) {
      this.directory(name, user, 0o755)
    }
    // As /tmp is.
    this.directory('shared', ROOT, 0o1777)
    this.file('precious', ROOT, 0o600, 'root only\n')
    this.file('owner/precious', OWNER, 0o600, 'owner only\n')
  }

  directory(name: string, { uid, gid }: User, mode: number): string {
    const path = this.join(name)
    mkdirSync(path, { recursive: true })
    chownSync(path, uid, gid)
    chmodSync(path, mode)
    return path
  }

  file(name: string, { uid, gid }: User, mode: number, text: string): string {
    const path = this.join(name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text, { mode: 0o600 })
    chownSync(path, uid, gid)
    chmodSync(path, mode)
    return path
  }
}
