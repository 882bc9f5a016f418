import { readFileSync } from 'node:fs'
import { type Child, startChild } from '../e2e/harness/child.ts'
import { killTree } from '../e2e/harness/processes.ts'
import { programPath } from '../e2e/harness/requirements.ts'
import { CHECKOUT, type RunResult, run, runOk } from '../e2e/harness/run.ts'
import { waitFor } from '../e2e/harness/wait.ts'

const PROGRAMS = `${CHECKOUT}/test/docs/programs`
const ENV = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
  TERM: 'xterm',
  TZ: 'UTC',
}

export interface MachineOptions {
  readonly name: string
  readonly address: string
  /** Lines of its /etc/hosts. */
  readonly hosts: readonly string[]
  /** Which it has in its PATH; paths in the checkout. */
  readonly programs: readonly string[]
  /** Whose network it is in; absent: one of its own, to which others may come. */
  readonly network: Machine | undefined
}

/** A machine within this one: files, processes and a host name of its own. */
export class Machine implements AsyncDisposable {
  readonly name: string
  readonly #holder: Child

  constructor(name: string, holder: Child) {
    this.name = name
    this.#holder = holder
  }

  /** A file of /proc that stands for its network. */
  get network(): string {
    return `/proc/${this.#holder.pid}/ns/net`
  }

  /** Types these lines into a shell of root's; both streams come as one. */
  async type(lines: string): Promise<RunResult> {
    // What a line leaves running may keep the stream, so the output goes through a file.
    const shell =
      'cd; out=$(mktemp /run/output.XXXXXX); sh -ec "$0" </dev/null >"$out" 2>&1; code=$?; ' +
      'cat "$out"; rm "$out"; exit $code'
    return await run([...this.#enter, '/bin/sh', '-c', shell, lines], { env: ENV })
  }

  async typeOk(lines: string): Promise<string> {
    const { code, stdout } = await this.type(lines)
    if (code === 0) return stdout
    throw new Error(`${this.name}: ${lines}\nended with ${code}\n${stdout}`)
  }

  async write(path: string, content: string): Promise<void> {
    const shell = 'cd; mkdir -p "$(dirname "$0")"; cat >"$0"'
    await runOk([...this.#enter, '/bin/sh', '-c', shell, path], { env: ENV, input: content })
  }

  get #enter(): readonly string[] {
    const namespaces = `/proc/${this.#holder.pid}/ns`
    return [
      ...[programPath('nsenter'), `--net=${namespaces}/net`, `--mount=${namespaces}/mnt`],
      ...[`--uts=${namespaces}/uts`, `--pid=${namespaces}/pid_for_children`, '--'],
    ]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The kernel ends every process of a namespace with its first.
    killTree(this.#holder.pid)
    await this.#holder[Symbol.asyncDispose]()
  }
}

/** @throws Error where namespaces can't be made, which takes CAP_SYS_ADMIN */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const { name, address, hosts, programs, network } = options
  const holder = startChild(
    [
      ...(network ? [programPath('nsenter'), `--net=${network.network}`, '--'] : []),
      ...[programPath('unshare'), '--mount', '--uts', '--pid', '--fork'],
      ...(network ? [] : ['--net']),
      ...['--kill-child', '--propagation', 'private', '--'],
      ...['/bin/bash', `${PROGRAMS}/machine`, CHECKOUT, name, address, hosts.join('\n')],
      ...programs,
    ],
    { env: ENV },
  )
  await waitFor(
    () => {
      if (holder.exit !== undefined) throw new Error(`no machine ${name}\n${holder.stderr}`)
      return holder.stdout.includes('ready\n')
    },
    { what: `the machine ${name} (this takes CAP_SYS_ADMIN)`, context: () => holder.stderr },
  )
  return new Machine(name, holder)
}

/** A page of docs/, or another file of the checkout. */
export function readCheckout(path: string): string {
  return readFileSync(`${CHECKOUT}/${path}`, 'utf8')
}
