/**
 * strace as an instrument: what a process writes, call by call, and a fault at exactly one of these
 * calls, or at all from there on. The process is the real one and knows nothing of it.
 *
 * - A fault falls on a call by its name, its path, and its number among those of that name in its
 *   thread that are about one of the paths given. A path is best written by one thread alone, so
 *   programs run with `SINGLE_FILE_THREAD`.
 * - A fault comes before the call: a killed process has not carried it out, a failed call neither.
 */
import { readFileSync } from 'node:fs'
import { type Child, type Exit, startChild } from '../e2e/harness/child.ts'
import type { TemporaryDirectory } from '../e2e/harness/directory.ts'
import { programPath } from '../e2e/harness/requirements.ts'
import { testEnvironment } from '../e2e/harness/run.ts'
import { type LoggedCall, parseStraceLog, WRITING_CALLS, type WritingCall } from './strace-log.ts'

/** Makes libuv do all work on files in one thread. */
export const SINGLE_FILE_THREAD = { UV_THREADPOOL_SIZE: '1' }

export type Errno = 'EIO' | 'ENOSPC' | 'EROFS' | 'EDQUOT'

export interface Fault {
  readonly call: WritingCall
  /** From 1, among those of that name and about one of the paths in a thread. */
  readonly from: number
  /** Also every later one, until strace is detached. */
  readonly lasting?: boolean
  readonly effect: 'kill' | Errno
}

export interface StraceOptions {
  readonly directory: TemporaryDirectory
  /** Absent: a new file in the directory. */
  readonly log?: string
  /** How much is logged of what is written; what is longer is cut off. Absent: strace's 32 bytes. */
  readonly dataBytes?: number
  /** Absolute; calls about other paths are neither counted nor logged. Absent: all are. */
  readonly paths?: readonly string[]
  /** At most one for each call. With faults, calls of other names are logged only if `logsAll`. */
  readonly logsAll?: boolean
  readonly faults?: readonly Fault[]
}

/** The fault on a call that was logged in an earlier run of the same. */
export function faultAt(
  { call, path, number }: Pick<LoggedCall, 'call' | 'path' | 'number'>,
  effect: Fault['effect'],
): Required<Pick<StraceOptions, 'paths' | 'faults'>> {
  return { paths: [path], faults: [{ call, from: number, effect }] }
}

export function readStraceLog(path: string): readonly LoggedCall[] {
  return parseStraceLog(readFileSync(path, 'utf8'))
}

let logs = 0

function logOf({ directory, log }: StraceOptions): string {
  return log ?? directory.join(`strace-${++logs}`)
}

/** A strace, while it watches a process. */
export class Strace implements AsyncDisposable {
  readonly #child: Child
  readonly #log: string

  constructor(child: Child, log: string) {
    this.#child = child
    this.#log = log
  }

  /** Watches a process that runs, all of its threads. */
  static async attach(pid: number, options: StraceOptions): Promise<Strace> {
    const log = logOf(options)
    const words = ['-p', String(pid), ...straceWords(options, log)]
    const child = startChild([programPath('strace'), ...words], {
      env: testEnvironment(options.directory.path),
    })
    await child.waitForStderr(/Process \d+ attached/)
    return new Strace(child, log)
  }

  /** The writing calls so far. */
  calls() {
    return readStraceLog(this.#log)
  }

  /** Ends when the process does, or by `detach`. */
  get exited(): Promise<Exit> {
    return this.#child.exited
  }

  /** Lets the process go on by itself. */
  async detach(): Promise<void> {
    if (this.#child.exit === undefined) await this.#child.stop('SIGTERM')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.detach()
    await this.#child[Symbol.asyncDispose]()
  }
}

/**
 * A command line that runs `command` under strace from its first instruction on, and what it has
 * written. A process that strace kills shows as strace's own death by that signal.
 */
export function underStrace(command: readonly string[], options: StraceOptions) {
  const log = logOf(options)
  return {
    command: [
      // Not with --seccomp-bpf: strace 6.1 then forgets its faults at the first path that isn't one
      // of those given.
      ...[programPath('strace'), ...straceWords(options, log), '--', ...command],
    ],
    calls: () => readStraceLog(log),
  }
}

function straceWords(options: StraceOptions, log: string): readonly string[] {
  const { paths = [], faults = [], dataBytes, logsAll = faults.length === 0 } = options
  const traced = logsAll ? WRITING_CALLS : faults.map(({ call }) => call)
  return [
    ...['-f', '-y', '-o', log, '-e', 'signal=none', '-e', `trace=${traced.join(',')}`],
    ...(dataBytes === undefined ? [] : ['-s', String(dataBytes)]),
    ...paths.flatMap((path) => ['-P', path]),
    ...faults.flatMap((fault) => ['-e', injection(fault)]),
  ]
}

function injection({ call, from, lasting, effect }: Fault): string {
  const what = effect === 'kill' ? 'signal=KILL' : `error=${effect}`
  return `inject=${call}:${what}:when=${from}${lasting === true ? '+' : ''}`
}
