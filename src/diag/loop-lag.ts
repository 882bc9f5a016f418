import { type Clock, SECOND } from '../base/clock.ts'

const STEP_MS = SECOND / 2
const WINDOW_MS = 15 * SECOND

/** How late timers fire: how long the event loop was kept from its work at a time. */
export class LoopLag {
  readonly #clock: Pick<Clock, 'monotonic' | 'sleep'>
  #windowEnds = 0
  #before = 0
  #now = 0

  constructor(clock: Pick<Clock, 'monotonic' | 'sleep'>) {
    this.#clock = clock
  }

  /** Measures until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const due = this.#clock.monotonic() + STEP_MS
      await this.#clock.sleep(STEP_MS, signal).catch(() => undefined)
      if (!signal.aborted) this.#note(Math.max(0, this.#clock.monotonic() - due))
    }
  }

  /** The worst of the last 15 to 30 seconds; milliseconds. */
  worst(): number {
    return Math.max(this.#before, this.#now)
  }

  #note(late: number): void {
    const now = this.#clock.monotonic()
    if (now >= this.#windowEnds) {
      this.#windowEnds = now + WINDOW_MS
      this.#before = this.#now
      this.#now = 0
    }
    this.#now = Math.max(this.#now, late)
  }
}
