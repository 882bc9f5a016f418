import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type Child, type Exit, startChild } from './child.ts'
import { undoAtExit } from './cleanup.ts'
import { valueAt } from './cluster.ts'
import type { GuestMachine } from './guest-machine.ts'
import { commandLine, killTree, processIds } from './processes.ts'
import { PROGRAMS, type RunResult, run, testEnvironment } from './run.ts'
import { waitFor } from './wait.ts'

export interface ManagedNodeOptions {
  readonly name: string
  /** Of the loopback network: each node of a test has its own. */
  readonly address: string
  readonly port: number
  readonly stateDirectory: string
  /** Where `mezd` runs; absent: on this machine. */
  readonly machine?: GuestMachine
  /** Else it is that of the machine. */
  readonly hasOwnSshd: boolean
  /** As on a command line, besides those that name the node and its sshd. */
  readonly flags: readonly string[]
  /** Further variables of its own. */
  readonly env?: Readonly<Record<string, string>>
  /** What runs the agent's command line; absent: nothing else. */
  readonly under?: (command: readonly string[]) => readonly string[]
}

/** A running `mezd node start`. Nothing of this machine's own sshd is touched. */
export class ManagedNode implements AsyncDisposable {
  readonly name: string
  readonly address: string
  readonly port: number
  readonly stateDirectory: string
  readonly #options: ManagedNodeOptions
  readonly #cleanUp: () => void
  #child: Child

  constructor(options: ManagedNodeOptions) {
    this.name = options.name
    this.address = options.address
    this.port = options.port
    this.stateDirectory = options.stateDirectory
    this.#options = options
    this.#cleanUp = undoAtExit(() => {
      if (!options.hasOwnSshd) return
      if (this.sshd !== undefined) killTree(this.sshd)
      rmSync(this.pamService, { force: true })
    })
    this.#child = startAgent(options)
  }

  get log(): string {
    return this.#child.stderr
  }

  /** The agent, or what runs it. */
  get child(): Child {
    return this.#child
  }

  /** Of the agent; undefined while it runs. */
  get exit(): Exit | undefined {
    return this.#child.exit
  }

  /** Of an sshd of its own. */
  get pamService(): string {
    return join(this.#options.machine?.pam ?? '/etc/pam.d', `mezite-${this.port}`)
  }

  /** Where the files that sshd reads are. */
  file(...names: readonly string[]): string {
    const { machine, hasOwnSshd } = this.#options
    const directory = hasOwnSshd ? join(this.stateDirectory, 'sshd') : (machine?.ssh ?? '')
    return join(directory, 'mezite', ...names)
  }

  /** Who may enter as that login: the lines of its file, none when there is no file. */
  principals(login: string): readonly string[] {
    try {
      return readFileSync(this.file('principals', login), 'utf8').split('\n').filter(Boolean)
    } catch {
      return []
    }
  }

  /** Logins that somebody may enter as. */
  get logins(): readonly string[] {
    return readdirSync(this.file('principals')).sort()
  }

  /** The sshd of its own that listens; undefined: none does. */
  get sshd(): number | undefined {
    const config = join(this.stateDirectory, 'sshd', 'sshd_config')
    return processIds().find((pid) => {
      const line = commandLine(pid)
      return line.includes(config) && line.includes('[listener]')
    })
  }

  /** What `mezd node status` says, also when it says that something is wrong. */
  async status(): Promise<unknown> {
    const { stdout } = await this.run('status', '--format=json')
    return JSON.parse(stdout)
  }

  async problems(): Promise<readonly string[]> {
    const problems = valueAt(await this.status(), 'problems')
    return Array.isArray(problems) ? problems.map((it) => String(valueAt(it, 'code'))) : []
  }

  /** Another verb of `mezd node` about this node. */
  async run(verb: string, ...flags: readonly string[]): Promise<RunResult> {
    const words = ['mezd', 'node', verb, `--state-dir=${this.stateDirectory}`, ...flags]
    const { machine } = this.#options
    return await run([...(machine?.enter ?? []), ...words], {
      env: testEnvironment(this.stateDirectory),
    })
  }

  async waitForLog(pattern: RegExp, offset = 0): Promise<RegExpExecArray> {
    return await this.#child.waitForStderr(pattern, offset)
  }

  /** Waits until the agent is in touch with the hub and sshd answers. */
  async waitUntilReady(offset = 0): Promise<void> {
    await this.waitForLog(/ in touch with the hub/, offset)
    await waitFor(() => answers(this.address, this.port), {
      what: `sshd of ${this.name} to answer`,
      context: () => this.log,
    })
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.signal(signal)
  }

  /** Stops the agent; on SIGTERM it takes the listener of its own sshd along. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    return await this.#child.stop(signal)
  }

  /** Starts the agent again, with what it has, or with other flags. */
  async start(flags = this.#options.flags): Promise<void> {
    this.#child = startAgent({ ...this.#options, flags })
    await this.waitUntilReady()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]()
    this.#cleanUp()
  }
}

function startAgent(options: ManagedNodeOptions): Child {
  const { name, address, port, stateDirectory, machine, hasOwnSshd, flags, env } = options
  const sshd = hasOwnSshd
    ? [`--sshd-port=${port}`, `--sshd-listen=${address}`]
    : [`--hosts=${address}`, `--port=${port}`]
  const { under = (command) => command } = options
  return startChild(
    under([
      ...(machine?.enter ?? []),
      ...[`${PROGRAMS}/mezd`, 'node', 'start', `--name=${name}`],
      ...[`--state-dir=${stateDirectory}`, ...sshd, ...flags],
    ]),
    { env: { ...testEnvironment(stateDirectory), ...env }, isOutlived: true },
  )
}

/** Whether an sshd says what it is. */
export async function answers(address: string, port: number): Promise<boolean> {
  const socket = connect(port, address)
  try {
    const [greeting]: unknown[] = await once(socket, 'data')
    return String(greeting).startsWith('SSH-2.0-')
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
