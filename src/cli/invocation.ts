/** One run of a program, with the world it runs in as values: what tests replace. */
import type { Clock } from '../base/clock.ts'
import type { Environment } from '../base/parameter.ts'
import type { Random } from '../base/random.ts'
import { readText } from './named-file.ts'

/** Standard output or standard error. */
export interface Output {
  write(text: string): void
  /** Its reader has gone, as in `| head`: what goes on writing to it can end. */
  readonly isClosed: boolean
  /** A terminal, so that people read it. */
  readonly isTerminal: boolean
  /** The terminal's width; undefined elsewhere. */
  readonly columns: number | undefined
  /** Its height. */
  readonly rows: number | undefined
}

/** SIGWINCH: the terminal has another size. */
export type SignalName = 'SIGHUP' | 'SIGUSR1' | 'SIGUSR2' | 'SIGWINCH'

export interface Input extends AsyncIterable<Uint8Array | string> {
  readonly isTTY?: boolean
  /** Of a terminal: each key comes at once, unseen, and none is a signal. */
  setRawMode?(isRaw: boolean): unknown
}

export interface Invocation extends Environment {
  /** Without the interpreter and the program. */
  readonly argv: readonly string[]
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  readonly clock: Clock
  readonly random: Random
  /** Aborted by SIGINT and SIGTERM, with an `Interrupted` as its reason. */
  readonly signal: AbortSignal
  /** Calls the listener at every such signal; returns what ends that. */
  on(signal: SignalName, listener: () => void): () => void
}

/** The reason of the abort when a signal ends the program. */
export class Interrupted extends Error {
  readonly signal: 'SIGINT' | 'SIGTERM'

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`interrupted by ${signal}`)
    this.name = 'Interrupted'
    this.signal = signal
  }
}

/** Ends the program with the exit code of a program that it ran, printing nothing more. */
export class ExitStatus extends Error {
  readonly exitCode: number

  constructor(exitCode: number) {
    super(`exit ${exitCode}`)
    this.name = 'ExitStatus'
    this.exitCode = exitCode
  }
}

/** All of standard input as text. */
export async function readStandardInput({ stdin }: Pick<Invocation, 'stdin'>): Promise<string> {
  return await readText(stdin, 'standard input')
}
