import { setTimeout as delay } from 'node:timers/promises'

/**
 * Time as an argument. Wall-clock times are milliseconds since the Unix epoch; durations that must
 * survive a clock step are taken from `monotonic`, milliseconds since an arbitrary start.
 */
export interface Clock {
  now(): number
  monotonic(): number
  /** Resolves after `milliseconds`; rejects with the signal's reason when aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}

export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** The longest delay that a Node timer keeps (2^31 - 1 ms); a longer one fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(milliseconds, signal) {
    let left = milliseconds
    do {
      const step = Math.min(left, LONGEST_TIMER)
      await delay(Math.max(0, step), undefined, signal ? { signal } : {}).catch(
        (error: unknown) => {
          throw signal?.aborted ? signal.reason : error
        },
      )
      left -= step
    } while (left > 0)
  },
}

/** `2026-03-24T15:00:00Z`: RFC 3339 in UTC, whole seconds, as in every output of Mezite. */
export function formatTime(milliseconds: number): string {
  return `${new Date(Math.floor(milliseconds / SECOND) * SECOND).toISOString().slice(0, 19)}Z`
}
