/** The program itself, with a world of the test's choice. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const MSH = resolve(import.meta.dirname, '../../../../bin/msh')

export interface MshResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export function runMsh(
  parameters: readonly string[],
  { env, input }: { readonly env?: Record<string, string>; readonly input?: string } = {},
): MshResult {
  const result = spawnSync(MSH, parameters, {
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin', HOME: '/dev/null', ...env },
    ...(input === undefined ? {} : { input }),
  })
  return { code: result.status, stdout: result.stdout, stderr: result.stderr }
}

/** A directory for PATH, whose ssh and scp run `script`. */
export function fakePrograms(directory: string, script: string): string {
  const path = join(directory, 'programs')
  mkdirSync(path)
  for (const name of ['ssh', 'scp']) {
    writeFileSync(join(path, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(path, name), 0o755)
  }
  return `${path}:/usr/bin:/bin`
}

/** What a script that prints each of its parameters on a line has printed. */
export const PRINT_PARAMETERS = 'printf \'%s\\n\' "$0" "$@"'
