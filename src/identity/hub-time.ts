import type { Clock } from '../base/clock.ts'

/**
 * The hub's clock, as far as this machine knows it: the time of the last answer, carried on by the
 * monotonic clock. A date that is set or wrong here changes nothing.
 */
export class HubTime {
  readonly #clock: Pick<Clock, 'monotonic'>
  #offset: number

  /** @param time milliseconds since the epoch: the best that is known before the first answer */
  constructor(clock: Pick<Clock, 'monotonic'>, time: number) {
    this.#clock = clock
    this.#offset = time - clock.monotonic()
  }

  now(): number {
    return this.#clock.monotonic() + this.#offset
  }

  /** Takes the time from an answer. */
  set(hubTime: number): void {
    this.#offset = hubTime - this.#clock.monotonic()
  }
}
