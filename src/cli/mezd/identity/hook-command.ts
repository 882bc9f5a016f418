/** Runs the command of `--on-renew`, in a process group of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { type Clock, formatTime, SECOND } from '../../../base/clock.ts'
import { allowDumps } from '../../../base/core-dump.ts'
import { formatDuration } from '../../../base/duration.ts'
import { messageOf } from '../../../base/errors.ts'
import type { Environment } from '../../../base/parameter.ts'
import type { HookCommand, HookOccasion, HookResult } from '../../../identity/renew-hook.ts'

export interface HookCommandOptions {
  /** For /bin/sh. */
  readonly command: string
  readonly timeoutMs: number
  readonly destination: string
  readonly env: Environment['env']
  readonly clock: Pick<Clock, 'sleep'>
}

/** What it prints is for a log line; the end of it says most. */
const MOST_OUTPUT = 2_048
/** After a friendly word, and when the daemon stops. */
const GRACE_MS = 5 * SECOND
/** What a command has left running may hold its output open. */
const LAST_WORDS_MS = SECOND / 10

/** Not for others: settings of this daemon, some of which are secrets, and ways to speak for it. */
const OWN = /^(?:MEZITE_|NOTIFY_SOCKET$|WATCHDOG_|LISTEN_|CREDENTIALS_DIRECTORY$|MALLOC_|NODE_)/

export function hookCommand(options: HookCommandOptions): HookCommand {
  return async (occasion, signal) => {
    const child = spawn('/bin/sh', ['-c', options.command], {
      cwd: '/',
      detached: true,
      env: hookEnvironment(options, occasion),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    allowDumps(child.pid)
    return await watch(child, options, signal)
  }
}

export function hookEnvironment(
  { env, destination }: Pick<HookCommandOptions, 'env' | 'destination'>,
  { by, bot, serial, expiresAt }: HookOccasion,
): Record<string, string | undefined> {
  const inherited = Object.entries(env).filter(([name]) => !OWN.test(name))
  return {
    ...Object.fromEntries(inherited),
    MEZITE_EVENT: by,
    MEZITE_BOT: bot,
    MEZITE_DESTINATION: destination,
    MEZITE_CERTIFICATE: `${destination}/ssh_key-cert.pub`,
    MEZITE_SERIAL: String(serial),
    MEZITE_EXPIRES_AT: formatTime(expiresAt),
  }
}

async function watch(
  child: ChildProcess,
  { timeoutMs, clock }: HookCommandOptions,
  signal: AbortSignal,
): Promise<HookResult> {
  const output = collect(child)
  const over = new AbortController()
  const ended = new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(messageOf(error)))
    child.once('exit', (code, killed) => resolve(code === 0 ? undefined : endOf(code, killed)))
  }).finally(() => over.abort())
  const late = clock.sleep(timeoutMs, over.signal).then(
    () => `it took longer than ${formatDuration(timeoutMs)}`,
    () => undefined,
  )
  const stopped = new Promise<string | undefined>((resolve) => {
    const stop = () =>
      clock.sleep(GRACE_MS, over.signal).then(
        () => resolve('mezd stops'),
        () => resolve(undefined),
      )
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true, signal: over.signal })
  })
  const cut = await Promise.race([late, stopped, ended.then(() => undefined)])
  if (cut !== undefined) await endGroup(child, clock, over.signal)
  const failure = await ended
  await Promise.race([output.closed, clock.sleep(LAST_WORDS_MS)])
  return { failure: cut ?? failure, output: output.text() }
}

/** The whole group: also what the command has started. */
async function endGroup(
  child: ChildProcess,
  clock: Pick<Clock, 'sleep'>,
  ended: AbortSignal,
): Promise<void> {
  signalGroup(child, 'SIGTERM')
  await clock.sleep(GRACE_MS, ended).catch(() => undefined)
  signalGroup(child, 'SIGKILL')
}

function signalGroup({ pid }: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // Nobody is left in it.
  }
}

function collect({ stdout, stderr }: ChildProcess) {
  let text = ''
  const streams = [stdout, stderr].filter((it) => it !== null)
  for (const stream of streams) {
    stream.setEncoding('utf8').on('data', (more: string) => {
      text = (text + more).slice(-MOST_OUTPUT)
    })
  }
  const ends = streams.map((stream) => new Promise((resolve) => stream.once('close', resolve)))
  return { closed: Promise.all(ends), text: () => text.trimEnd() }
}

function endOf(code: number | null, signal: string | null): string {
  return signal === null ? `it ended with ${code}` : `${signal} ended it`
}
