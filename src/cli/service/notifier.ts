/**
 * Tells systemd how a service is (sd_notify(3)). Node has no datagram sockets of the unix domain, so
 * systemd's own program sends: at the start, at changes, and for the watchdog once in half its time.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { SECOND } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import type { Environment } from '../../base/parameter.ts'

/** `READY=1` */
export type Notice = Readonly<Record<string, string>>

export interface Notifier {
  /** Sends in the order of the calls; what waits is sent together. Never throws. */
  send(notice: Notice): void
  /** Resolves when all was sent. */
  settled(): Promise<void>
}

type Variables = Environment['env']

const NOTHING: Notifier = { send() {}, settled: async () => {} }
const LONGEST_RUN = 10 * SECOND

/** @param onFailure told once why nothing reaches systemd */
export function openNotifier(env: Variables, onFailure: (reason: string) => void): Notifier {
  const socket = env['NOTIFY_SOCKET']
  if (!socket) return NOTHING
  let waiting: Notice | undefined
  let sending: Promise<void> = Promise.resolve()
  let isSending = false
  let hasFailed = false

  async function sendAll(): Promise<void> {
    while (waiting !== undefined) {
      const notice = waiting
      waiting = undefined
      const failure = await runSystemdNotify(notice, {
        NOTIFY_SOCKET: socket ?? '',
        PATH: env['PATH'],
      })
      if (failure === undefined || hasFailed) continue
      hasFailed = true
      onFailure(failure)
    }
    isSending = false
  }

  return {
    send(notice) {
      waiting = { ...waiting, ...notice }
      if (isSending) return
      isSending = true
      sending = sendAll()
    },
    settled: () => sending,
  }
}

/** @returns why it failed */
async function runSystemdNotify(
  notice: Notice,
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const assignments = Object.entries(notice).map(([name, value]) => `${name}=${onOneLine(value)}`)
  const child = spawn('systemd-notify', assignments, {
    env,
    stdio: 'ignore',
    timeout: LONGEST_RUN,
  })
  try {
    const [code]: unknown[] = await once(child, 'exit')
    return code === 0 ? undefined : 'systemd-notify failed'
  } catch (error) {
    return messageOf(error)
  }
}

function onOneLine(text: string): string {
  return text.replaceAll(/\p{C}+/gu, ' ')
}

/** How often systemd wants a sign of life; milliseconds. Undefined: not at all. */
export function watchdogInterval(env: Variables, pid: number): number | undefined {
  const limit = Number(env['WATCHDOG_USEC'])
  const isForUs = env['WATCHDOG_PID'] === undefined || Number(env['WATCHDOG_PID']) === pid
  return isForUs && limit > 0 ? limit / 1_000 / 2 : undefined
}
