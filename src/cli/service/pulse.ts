import { type Clock, MINUTE } from '../../base/clock.ts'
import { formatDuration } from '../../base/duration.ts'
import type { Health } from '../../diag/health.ts'

/** Every step has a time-out of its own that is far shorter. */
const LONGEST_STEP = 5 * MINUTE

/** The steps that a program is in, and whether one takes longer than it ever should. */
export class Pulse {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #longestMs: number
  readonly #begun = new Map<string, number>()

  constructor(clock: Pick<Clock, 'monotonic'>, longestMs = LONGEST_STEP) {
    this.#clock = clock
    this.#longestMs = longestMs
  }

  begin(step: string): void {
    this.#begun.set(step, this.#clock.monotonic())
  }

  /** Returns how long it took; milliseconds. */
  end(step: string): number {
    const now = this.#clock.monotonic()
    const start = this.#begun.get(step) ?? now
    this.#begun.delete(step)
    return now - start
  }

  /** Not live: a step doesn't end. A new start may help. */
  health(): Health {
    const now = this.#clock.monotonic()
    const late = [...this.#begun].filter(([, start]) => now - start > this.#longestMs)
    const told = late.map(([step, start]) => `${step} has been under way for ${rough(now - start)}`)
    return { checks: [{ name: 'progress', problem: told.join('; ') || undefined }] }
  }
}

function rough(milliseconds: number): string {
  return formatDuration(Math.floor(milliseconds / MINUTE) * MINUTE)
}
