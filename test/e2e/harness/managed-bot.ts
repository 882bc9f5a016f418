import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Child, startChild } from './child.ts'
import { textAt } from './cluster.ts'
import type { Daemon } from './daemon.ts'
import { programPath } from './requirements.ts'
import { type RunOptions, type RunResult, run, testEnvironment } from './run.ts'

/** A bot whose files are published: by a daemon that keeps them, or by one that ran once. */
export class ManagedBot implements AsyncDisposable {
  readonly name: string
  readonly destination: string
  readonly env: Readonly<Record<string, string>>
  readonly #daemon: Daemon | undefined
  readonly #children: Child[] = []

  constructor(name: string, destination: string, home: string, daemon?: Daemon) {
    this.name = name
    this.destination = destination
    this.env = testEnvironment(home)
    this.#daemon = daemon
  }

  /** @throws when the bot has no daemon */
  get daemon(): Daemon {
    if (this.#daemon === undefined) throw new Error(`the bot ${this.name} has no daemon`)
    return this.#daemon
  }

  get sshConfig(): string {
    return this.file('ssh_config')
  }

  file(name: string): string {
    return join(this.destination, name)
  }

  /** The text of a published file. */
  read(name: string): string {
    return readFileSync(this.file(name), 'utf8')
  }

  /** Logs in with native ssh, as `LOGIN@NODE`, by the published configuration alone. */
  async ssh(target: string, command: string, ...more: readonly string[]): Promise<RunResult> {
    return await run(['ssh', ...this.sshFlags, ...more, target, command], { env: this.env })
  }

  async enters(target: string): Promise<boolean> {
    return (await this.ssh(target, 'true')).code === 0
  }

  /** An ssh that stays. */
  start(target: string, ...words: readonly string[]): Child {
    const at = words.indexOf('--')
    const flags = at < 0 ? words : words.slice(0, at)
    const command = at < 0 ? [] : words.slice(at + 1)
    const child = startChild([programPath('ssh'), ...this.sshFlags, ...flags, target, ...command], {
      env: this.env,
    })
    this.#children.push(child)
    return child
  }

  async run(command: string | readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return await run(command, { env: this.env, ...options })
  }

  /** What a verb of `msh` prints about this bot's files. */
  async msh(verb: string): Promise<unknown> {
    const words = ['msh', verb, `--identity=${this.destination}`, '--format=json']
    return JSON.parse((await this.run(words)).stdout)
  }

  /** What `mezd identity status` says. */
  async status(): Promise<unknown> {
    const { stdout } = await this.run([
      ...['mezd', 'identity', 'status', `--destination=${this.destination}`, '--format=json'],
    ])
    return JSON.parse(stdout)
  }

  async instance(): Promise<string> {
    return textAt(await this.status(), 'instance_id')
  }

  get sshFlags(): readonly string[] {
    return ['-F', this.sshConfig, '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=20']
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) await child[Symbol.asyncDispose]()
    await this.#daemon?.[Symbol.asyncDispose]()
  }
}
