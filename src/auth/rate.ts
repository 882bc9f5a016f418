/**
 * How often something may be done: so many at once, and one more in so much time. Times are
 * milliseconds of a monotonic clock.
 */
import { SECOND } from '../base/clock.ts'
import { AuthError } from './errors.ts'

export interface Rate {
  /** What may be done at once, after a rest. */
  readonly burst: number
  /** How long until one more may be done. */
  readonly everyMs: number
}

/** Of one instance or node: a certificate lives 5 s at least, and a daemon may be told to renew. */
export const RENEWAL_RATE: Rate = { burst: 60, everyMs: SECOND }

/** Of one join whose answer was lost. */
export const REPETITION_RATE: Rate = { burst: 20, everyMs: 5 * SECOND }

/** Of one node's session events, which it keeps while the hub is away. */
export const REPORT_RATE: Rate = { burst: 20_000, everyMs: 20 }

/** Keys that are remembered. One that is forgotten starts afresh: a bound for all keys is another rate. */
const MOST_KEYS = 4_096

/**
 * A rate for each key, in bounded memory.
 *
 * What is kept of a key is one number: when its allowance will be whole again (the generic cell rate
 * algorithm of ITU-T I.371).
 */
export class RateTable {
  readonly #rate: Rate
  readonly #mostKeys: number
  /** The key used longest ago comes first. */
  readonly #wholeAt = new Map<string, number>()

  constructor(rate: Rate, mostKeys = MOST_KEYS) {
    this.#rate = rate
    this.#mostKeys = mostKeys
  }

  get size(): number {
    return this.#wholeAt.size
  }

  /**
   * Takes `count` from the key's allowance; where that is not to be had, nothing is taken. More than
   * a burst is never to be had.
   *
   * @returns 0, or in how many milliseconds it is to be had
   */
  take(key: string, now: number, count = 1): number {
    const { burst, everyMs } = this.#rate
    const wholeAt = Math.max(now, this.#wholeAt.get(key) ?? now) + count * everyMs
    const wait = wholeAt - now - burst * everyMs
    if (wait > 0) return wait
    this.#wholeAt.delete(key)
    this.#wholeAt.set(key, wholeAt)
    if (this.#wholeAt.size > this.#mostKeys) {
      for (const oldest of this.#wholeAt.keys()) {
        this.#wholeAt.delete(oldest)
        break
      }
    }
    return 0
  }
}

/** @throws AuthError `rate-limited` where the key's allowance is used up; `what` completes "too many" */
export function requireRate(
  table: RateTable,
  key: string,
  now: number,
  what: string,
  count = 1,
): void {
  const wait = table.take(key, now, count)
  if (wait > 0) throw rateLimited(what, wait)
}

export function rateLimited(what: string, waitMs: number): AuthError {
  const seconds = Math.max(1, Math.ceil(waitMs / SECOND))
  return new AuthError('rate-limited', `too many ${what}`, {
    hint: `wait ${seconds} s, then try again`,
    retryAfterMs: seconds * SECOND,
  })
}
