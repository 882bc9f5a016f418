import { existsSync } from 'node:fs'
import { type Child, type Exit, startChild } from './child.ts'
import type { TemporaryDirectory } from './directory.ts'
import { PROGRAMS, type RunResult, run, runOk, testEnvironment } from './run.ts'
import { waitFor } from './wait.ts'

export interface HubOptions {
  /** Where the hub keeps its data, in `hub`, and where HOME of its administrator is. */
  readonly directory: TemporaryDirectory
  /** On the loopback address; absent: any free one. */
  readonly port?: number
  /** Further flags of `mezhub start`. */
  readonly flags?: readonly string[]
  /** Further variables of its own. */
  readonly env?: Readonly<Record<string, string>>
}

/** A running `mezhub`, and `mezctl` as its administrator types it. */
export class Hub implements AsyncDisposable {
  /** The variables of the administrator: `mezctl` finds this hub without a flag. */
  readonly env: Record<string, string>
  readonly port: number
  readonly #options: HubOptions
  #child: Child

  constructor(options: HubOptions, child: Child, port: number) {
    this.#options = options
    this.#child = child
    this.port = port
    this.env = administratorEnvironment(options.directory)
  }

  /** As bots reach it. */
  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  get pid(): number {
    return this.#child.pid
  }

  get log(): string {
    return this.#child.stderr
  }

  get stdout(): string {
    return this.#child.stdout
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.signal(signal)
  }

  async run(commandLine: string): Promise<RunResult> {
    return await run(commandLine, { env: this.env })
  }

  /** Fails unless the command succeeds. */
  async runOk(commandLine: string): Promise<string> {
    return (await runOk(commandLine, { env: this.env })).stdout
  }

  /** What `mezctl` prints with `--format=json`. */
  async json(commandLine: string): Promise<unknown> {
    return JSON.parse(await this.runOk(`${commandLine} --format=json`))
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    return await this.#child.stop(signal)
  }

  /** Starts it again on the same port and data. */
  async start(): Promise<void> {
    this.#child = await startProgram(this.#options, this.port)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]()
  }
}

export async function startHub(options: HubOptions): Promise<Hub> {
  const child = await startProgram(options, options.port ?? 0)
  const [, port] = await child.waitForStderr(LISTENING)
  return new Hub(options, child, Number(port))
}

const LISTENING = /listening on 127\.0\.0\.1:(\d+)/

async function startProgram(options: HubOptions, port: number): Promise<Child> {
  const { directory, flags = [], env = {} } = options
  const data = directory.join('hub')
  const child = startChild(
    [
      ...[`${PROGRAMS}/mezhub`, 'start', `--data-dir=${data}`],
      ...[`--listen-addr=127.0.0.1:${port}`, ...flags],
    ],
    { env: { ...administratorEnvironment(directory), ...env }, cwd: directory.path },
  )
  await child.waitForStderr(LISTENING)
  await waitFor(() => existsSync(`${data}/hub.sock`), { what: "the hub's socket" })
  return child
}

function administratorEnvironment(directory: TemporaryDirectory): Record<string, string> {
  return { ...testEnvironment(directory.path), MEZITE_DATA_DIR: directory.join('hub') }
}
