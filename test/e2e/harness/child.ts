import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { undoAtExit } from './cleanup.ts'
import { killTree } from './processes.ts'
import { programPath } from './requirements.ts'
import { waitFor } from './wait.ts'

export interface Exit {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface ChildOptions {
  readonly env: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Something that it has started holds its output open, and may stay. */
  readonly isOutlived?: boolean
}

/**
 * A program that runs in the background. Its output is collected; it and everything that it starts
 * is gone when it is disposed of, and when this process is.
 */
export class Child implements AsyncDisposable {
  readonly pid: number
  readonly exited: Promise<Exit>
  readonly #process: ChildProcess
  readonly #name: string
  readonly #kill: () => void
  readonly #chunks: { readonly stdout: Buffer[]; readonly stderr: Buffer[] } = {
    stdout: [],
    stderr: [],
  }
  #exit: Exit | undefined

  constructor(name: string, child: ChildProcess, isOutlived: boolean) {
    if (child.pid === undefined) throw new Error(`${name} could not be started`)
    const pid = child.pid
    this.pid = pid
    this.#name = name
    this.#process = child
    this.#kill = undoAtExit(() => {
      // The number of one that has ended may be another's by now.
      if (!hasEnded(child)) killTree(pid)
    })
    child.stdout?.on('data', (chunk: Buffer) => this.#chunks.stdout.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => this.#chunks.stderr.push(chunk))
    this.exited = once(child, isOutlived ? 'exit' : 'close').then(
      ([code, signal]: unknown[]): Exit => {
        const exit = { code: asNumber(code), signal: asSignal(signal) }
        this.#exit = exit
        return exit
      },
    )
  }

  get stdout(): string {
    return Buffer.concat(this.#chunks.stdout).toString()
  }

  get stderr(): string {
    return Buffer.concat(this.#chunks.stderr).toString()
  }

  /** Undefined while it runs. */
  get exit(): Exit | undefined {
    return this.#exit
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** Asks it to end, and returns how it did. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    if (this.#exit === undefined) this.signal(signal)
    const ended = await waitFor(() => this.#exit, {
      what: `${this.#name} to end after ${signal}`,
      context: () => this.stderr,
    })
    this.#kill()
    return ended
  }

  /**
   * Waits until stderr, from `offset` on, matches. Fails at once when the program ends instead.
   */
  async waitForStderr(pattern: RegExp, offset = 0, timeoutMs = 30_000): Promise<RegExpExecArray> {
    return await waitFor(
      () => {
        const match = pattern.exec(this.stderr.slice(offset))
        if (match !== null) return match
        if (this.#exit === undefined) return undefined
        throw new Error(`${this.#name} ended (${JSON.stringify(this.#exit)})\n${this.stderr}`)
      },
      { what: `${this.#name} to print ${pattern}`, timeoutMs, context: () => this.stderr },
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill()
    await this.exited
  }
}

/** Starts a program, bound to this process: the kernel ends it should this one be killed. */
export function startChild(command: readonly string[], options: ChildOptions): Child {
  const [name = ''] = command
  const child = spawn(programPath('setpriv'), ['--pdeathsig', 'KILL', '--', ...command], {
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  return new Child(name, child, options.isOutlived ?? false)
}

/** Whether its number is free to be given to another process. */
export function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

export function asNumber(value: unknown): number | null {
  return typeof value === 'number' ? value : null
}

export function asSignal(value: unknown): NodeJS.Signals | null {
  return typeof value === 'string' && isSignal(value) ? value : null
}

function isSignal(text: string): text is NodeJS.Signals {
  return text.startsWith('SIG')
}
