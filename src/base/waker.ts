import type { Clock } from './clock.ts'

/** Lets one loop sleep until it is due, or until somebody has something for it. */
export class Waker {
  readonly #clock: Pick<Clock, 'sleep'>
  #controller = new AbortController()

  constructor(clock: Pick<Clock, 'sleep'>) {
    this.#clock = clock
  }

  wake(): void {
    this.#controller.abort()
  }

  /** Returns early when it was woken since the last wait, or `stop` is aborted. */
  async wait(milliseconds: number, stop: AbortSignal): Promise<void> {
    const { signal } = this.#controller
    const ended = AbortSignal.any([stop, signal])
    try {
      if (!ended.aborted) await this.#clock.sleep(milliseconds, ended)
    } catch (error) {
      if (!ended.aborted) throw error
    } finally {
      if (signal.aborted) this.#controller = new AbortController()
    }
  }
}
