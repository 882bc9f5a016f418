import type { Clock } from '../base/clock.ts'

/**
 * The hub's clock, as far as this machine knows it: the time of the last answer, carried on by the
 * monotonic clock. A date that is set or wrong here changes nothing.
 */
export class HubTime {
  readonly #clock: Pick<Clock, 'monotonic' | 'now'>
  #offset: number
  /** Of the hub's time from this machine's date. */
  #skew: number

  /** @param time milliseconds since the epoch: the best that is known before the first answer */
  constructor(clock: Pick<Clock, 'monotonic' | 'now'>, time: number) {
    this.#clock = clock
    this.#offset = time - clock.monotonic()
    this.#skew = time - clock.now()
  }

  now(): number {
    return this.#clock.monotonic() + this.#offset
  }

  /**
   * The latest that it can be: a machine that was stopped in a way that its monotonic clock didn't
   * notice, as virtual ones are, sees it by the date. By this is judged what must not be overdue.
   */
  latest(): number {
    return Math.max(this.now(), this.#clock.now() + this.#skew)
  }

  /** Takes the time from an answer. */
  set(hubTime: number): void {
    this.#offset = hubTime - this.#clock.monotonic()
    this.#skew = hubTime - this.#clock.now()
  }
}
