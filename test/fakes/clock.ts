import type { Clock } from '../../src/base/clock.ts'

/** A clock that stands still until it is told otherwise. A sleep lasts no time and moves the clock. */
export class FakeClock implements Clock {
  #now: number
  #monotonic = 0

  constructor(now = Date.UTC(2026, 2, 24, 14, 0, 0)) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#monotonic
  }

  /** Time passes. */
  advance(milliseconds: number): void {
    this.#now += milliseconds
    this.#monotonic += milliseconds
  }

  /** Somebody sets the wall clock. */
  step(milliseconds: number): void {
    this.#now += milliseconds
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    this.advance(milliseconds)
    return Promise.resolve()
  }
}
