/**
 * Lets the calls of the many pass, so that those of an administrator pass beside them: so many under
 * way at a time, and in each turn of the event loop no more than fit in a moment. The others wait,
 * in the order in which they came; where too many wait, the hub is busy.
 */
import type { Clock } from '../../base/clock.ts'
import { SECOND } from '../../base/clock.ts'
import { AuthError } from '../errors.ts'

export interface TurnstileLimits {
  readonly underWay: number
  readonly waiting: number
  /** Of the event loop, in each of its turns, in milliseconds. */
  readonly sliceMs: number
}

/** What waits is served within a few seconds: a client gives up after 15. */
export const TURNSTILE_LIMITS: TurnstileLimits = { underWay: 256, waiting: 2_048, sliceMs: 10 }

const ASK_AGAIN = 5 * SECOND

interface Waiting {
  readonly isGone: () => boolean
  readonly start: () => void
  readonly leave: () => void
}

export class Turnstile {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #limits: TurnstileLimits
  readonly #queue: Waiting[] = []
  /** Of the queue, those that have passed already. */
  #passed = 0
  #underWay = 0
  #isTurnDue = false

  constructor(clock: Pick<Clock, 'monotonic'>, limits: TurnstileLimits = TURNSTILE_LIMITS) {
    this.#clock = clock
    this.#limits = limits
  }

  /**
   * Runs a task when its turn has come.
   *
   * @param isGone whether nobody waits for the result any more
   * @throws AuthError `busy`, `unavailable` for who has gone; whatever the task throws
   */
  pass<Result>(isGone: () => boolean, task: () => Promise<Result>): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    if (this.#queue.length - this.#passed >= this.#limits.waiting) {
      reject(busy())
      return promise
    }
    this.#queue.push({
      isGone,
      leave: () => reject(new AuthError('unavailable', 'the caller has gone')),
      start: () => {
        this.#underWay += 1
        task()
          .then(resolve, reject)
          .finally(() => {
            this.#underWay -= 1
            this.#planTurn()
          })
      },
    })
    this.#planTurn()
    return promise
  }

  #planTurn(): void {
    if (this.#isTurnDue) return
    this.#isTurnDue = true
    setImmediate(() => {
      this.#isTurnDue = false
      this.#turn()
    })
  }

  #turn(): void {
    const end = this.#clock.monotonic() + this.#limits.sliceMs
    while (this.#underWay < this.#limits.underWay) {
      const next = this.#next()
      if (!next) return
      next.start()
      if (this.#clock.monotonic() < end) continue
      this.#planTurn()
      return
    }
  }

  #next(): Waiting | undefined {
    for (;;) {
      const next = this.#queue[this.#passed]
      if (!next) {
        this.#queue.length = 0
        this.#passed = 0
        return undefined
      }
      this.#passed += 1
      if (this.#passed >= this.#limits.waiting) {
        this.#queue.splice(0, this.#passed)
        this.#passed = 0
      }
      if (!next.isGone()) return next
      next.leave()
    }
  }
}

function busy(): AuthError {
  return new AuthError('busy', 'the hub has too much to do at the moment', {
    hint: 'try again in a few seconds',
    retryAfterMs: ASK_AGAIN,
  })
}
