import { uptime } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Time as an argument. Wall-clock times are milliseconds since the Unix epoch; durations that must
 * survive a clock step are taken from `monotonic`, milliseconds since an arbitrary start.
 */
export interface Clock {
  now(): number
  /** Also runs while the machine is suspended, which is noticed a second later. */
  monotonic(): number
  /**
   * Resolves after `milliseconds`, in which a suspended machine doesn't count; rejects with the
   * signal's reason when aborted.
   */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}

export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** The longest delay that a Node timer keeps (2^31 - 1 ms); a longer one fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1

/** The uptime that some systems tell comes in whole seconds. */
const SUSPENDED_FROM = 2 * SECOND

/**
 * A monotonic clock of two: one that is fine and stands still while the machine is suspended, and one
 * that is coarse and doesn't. Both in milliseconds.
 */
export function countSuspension(fine: () => number, coarse: () => number): () => number {
  let lookedAt = fine()
  const apart = coarse() - lookedAt
  let suspended = 0
  return () => {
    const now = fine()
    if (now - lookedAt >= SECOND) {
      lookedAt = now
      const drift = coarse() - now - apart
      if (drift - suspended >= SUSPENDED_FROM) suspended = drift
    }
    return now + suspended
  }
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: countSuspension(
    () => performance.now(),
    () => uptime() * SECOND,
  ),
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

/** RFC 3339 knows no later one. */
const LAST_TIME = Date.UTC(9999, 11, 31, 23, 59, 59)

/**
 * `2026-03-24T15:00:00Z`: RFC 3339 in UTC, whole seconds, as in every output of Mezite. What is later
 * than any such time, as the end of a certificate that is for ever, is shown as the last.
 */
export function formatTime(milliseconds: number): string {
  const seconds = Math.floor(Math.min(milliseconds, LAST_TIME) / SECOND)
  return `${new Date(seconds * SECOND).toISOString().slice(0, 19)}Z`
}
