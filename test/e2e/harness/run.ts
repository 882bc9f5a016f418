import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, join, resolve } from 'node:path'
import { systemClock } from '../../../src/base/clock.ts'
import type { Account } from './account.ts'
import { asNumber, asSignal, type Exit, hasEnded } from './child.ts'
import { undoAtExit } from './cleanup.ts'
import { killTree, signalQuietly } from './processes.ts'
import { programPath } from './requirements.ts'

/** The root of the checkout whose programs are tested. */
export const CHECKOUT = resolve(import.meta.dirname, '../../..')

/**
 * Where the four programs are: the checkout's own, or those of a release when `MEZITE_PROGRAMS`
 * names its directory.
 */
export const PROGRAMS = process.env['MEZITE_PROGRAMS'] ?? join(CHECKOUT, 'bin')

/** The programs under their own names, as an installation has them. */
export const PATH = [
  PROGRAMS,
  ...['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'],
].join(delimiter)

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly input?: string | Uint8Array
  /** Whose process it is; as root only. */
  readonly asUser?: Account
  /** A bound for a program that hangs. */
  readonly timeoutMs?: number
  /** On a terminal of its own, which merges stderr into stdout and ends lines in CR LF. */
  readonly pty?: boolean
  /** Sent once `when` matches what the program has printed so far. */
  readonly signal?: { readonly when: RegExp; readonly signal: NodeJS.Signals }
}

export interface RunResult extends Exit {
  readonly stdout: string
  readonly stdoutBytes: Buffer
  readonly stderr: string
}

/** The variables that a program of these tests gets: nothing of the caller's own leaks in. */
export function testEnvironment(home: string): Record<string, string> {
  return { PATH, HOME: home, LANG: 'C.UTF-8', TERM: 'xterm', TZ: 'UTC' }
}

/**
 * Runs a program to its end and returns what came of it, whatever that is. Text is a command line
 * for the shell, as a user types it.
 */
export async function run(
  command: string | readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const { input, timeoutMs = 60_000, cwd, signal } = options
  const [program, ...parameters] = prepare(command, options)
  const child = spawn(program, parameters, {
    env: options.env ?? testEnvironment(options.asUser?.home ?? '/dev/null'),
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    ...(cwd === undefined ? {} : { cwd }),
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${program} could not be started`)
  const kill = undoAtExit(() => {
    if (!hasEnded(child)) killTree(pid)
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  let signalled = false
  const onData = (chunks: Buffer[]) => (chunk: Buffer) => {
    chunks.push(chunk)
    if (signal === undefined || signalled) return
    if (!signal.when.test(Buffer.concat([...stdout, ...stderr]).toString())) return
    signalled = true
    signalQuietly(pid, signal.signal)
  }
  child.stdout.on('data', onData(stdout))
  child.stderr.on('data', onData(stderr))
  // A program may end without having read its input.
  child.stdin.on('error', () => {})
  if (options.pty !== true || input !== undefined) child.stdin.end(input)
  const abort = new AbortController()
  const ended = once(child, 'close')
  const first = await Promise.race([
    ended,
    systemClock.sleep(timeoutMs, abort.signal).then(() => 'late' as const),
  ])
  abort.abort()
  kill()
  const stdoutBytes = Buffer.concat(stdout)
  const result = {
    stdout: stdoutBytes.toString(),
    stdoutBytes,
    stderr: Buffer.concat(stderr).toString(),
  }
  if (first === 'late') {
    throw new Error(`${String(command)} did not end in ${timeoutMs} ms\n${describe(result)}`)
  }
  const [code, endSignal]: unknown[] = first
  return { ...result, code: asNumber(code), signal: asSignal(endSignal) }
}

/** As `run`, but fails unless the program succeeds. */
export async function runOk(
  command: string | readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const result = await run(command, options)
  if (result.code === 0) return result
  throw new Error(
    `${String(command)} ended with ${result.code ?? result.signal}\n${describe(result)}`,
  )
}

function prepare(
  command: string | readonly string[],
  { asUser, pty }: RunOptions,
): readonly [string, ...string[]] {
  let words = typeof command === 'string' ? ['/bin/sh', '-c', command] : [...command]
  if (pty === true) {
    words = [programPath('script'), '-qec', words.map(shellQuoted).join(' '), '/dev/null']
  }
  const identity =
    asUser === undefined ? [] : [`--reuid=${asUser.uid}`, `--regid=${asUser.gid}`, '--init-groups']
  return [programPath('setpriv'), ...identity, '--pdeathsig', 'KILL', '--', ...words]
}

/** One word of a command line for a POSIX shell. */
export function shellQuoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

function describe({
  stdout,
  stderr,
}: {
  readonly stdout: string
  readonly stderr: string
}): string {
  return `stdout: ${stdout}\nstderr: ${stderr}`
}
