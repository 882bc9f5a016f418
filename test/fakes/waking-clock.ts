import { FakeClock } from './clock.ts'

interface Sleeper {
  readonly until: number
  readonly wake: () => void
}

/** A clock that stands still until it is told otherwise; who sleeps is woken when it gets there. */
export class WakingClock extends FakeClock {
  readonly #sleepers = new Set<Sleeper>()

  get sleeping(): number {
    return this.#sleepers.size
  }

  override advance(milliseconds: number): void {
    super.advance(milliseconds)
    for (const sleeper of [...this.#sleepers]) {
      if (sleeper.until > this.monotonic()) continue
      this.#sleepers.delete(sleeper)
      sleeper.wake()
    }
  }

  override sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    if (signal?.aborted) return Promise.reject(signal.reason)
    if (milliseconds <= 0) return Promise.resolve()
    const sleeper = { until: this.monotonic() + milliseconds, wake: resolve }
    this.#sleepers.add(sleeper)
    signal?.addEventListener('abort', () => {
      this.#sleepers.delete(sleeper)
      reject(signal.reason)
    })
    return promise
  }
}
