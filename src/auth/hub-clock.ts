/**
 * The hub's clock, watched. Everything that the hub issues and judges goes by it, right or wrong; so a
 * step of it is logged, and is an event of the audit log.
 *
 * What is deleted for good because its time is over goes by the steady time. That one never runs ahead
 * of the clock, and follows a step forward only after a day, in which somebody may notice that the
 * clock is wrong.
 */
import { type Clock, DAY, formatTime, MINUTE, SECOND } from '../base/clock.ts'
import { type AuthContext, eventByHub } from './context.ts'
import { StoreError } from './storage.ts'

/** Milliseconds since the epoch. */
export interface ClockStep {
  /** What the clock would have shown without it. */
  readonly expected: number
  readonly found: number
}

const HOLD = DAY
/** A clock that is only slewed stays within this between two looks. */
const TOLD_FROM = MINUTE
const LOOK_EVERY = 2 * SECOND

interface Reading {
  readonly wall: number
  readonly monotonic: number
}

/** What is read off a clock over time; nothing happens here by itself. */
export class ClockReader {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>
  #last: Reading
  /** The steady time runs on from here. */
  #base: Reading
  /** Since when the clock is ahead of the steady time, on the monotonic clock. */
  #aheadSince: number | undefined

  /** @param knownTime a time that has been for certain, from before this process */
  constructor(clock: Pick<Clock, 'now' | 'monotonic'>, knownTime?: number) {
    this.#clock = clock
    const wall = clock.now()
    const monotonic = clock.monotonic()
    this.#last = { wall, monotonic }
    this.#base = { wall: Math.min(wall, knownTime ?? wall), monotonic }
  }

  /** The step since the last call, if there was one. */
  step(): ClockStep | undefined {
    const reading = { wall: this.#clock.now(), monotonic: this.#clock.monotonic() }
    const expected = this.#last.wall + reading.monotonic - this.#last.monotonic
    this.#last = reading
    const found = reading.wall
    return Math.abs(found - expected) >= TOLD_FROM ? { expected, found } : undefined
  }

  /** Never ahead of the clock. */
  steady(): number {
    const wall = this.#clock.now()
    const monotonic = this.#clock.monotonic()
    const steady = this.#base.wall + monotonic - this.#base.monotonic
    const isAhead = wall - steady >= TOLD_FROM
    this.#aheadSince = isAhead ? (this.#aheadSince ?? monotonic) : undefined
    if (this.#aheadSince !== undefined && monotonic - this.#aheadSince < HOLD) return steady
    this.#base = { wall, monotonic }
    this.#aheadSince = undefined
    return wall
  }
}

export interface HubClock {
  /** By which things are deleted for good; milliseconds since the epoch. */
  steady(): number
  /** Looks once. @throws StoreError */
  look(): Promise<void>
  /** Looks now and then, until aborted. */
  run(signal: AbortSignal): Promise<void>
}

/**
 * Has read the newest event, which is no later than now unless a clock was wrong.
 *
 * @param onStep told of every step that is in the audit log
 * @throws StoreError
 */
export async function createHubClock(
  context: Pick<AuthContext, 'store' | 'clock'>,
  onStep: (step: ClockStep) => void = () => {},
): Promise<HubClock> {
  const { store, clock } = context
  const [newest] = await store.audit.list({ limit: 1 })
  const reader = new ClockReader(clock, newest?.time)
  const untold: ClockStep[] = []
  const now = clock.now()
  if (newest && newest.time - now >= TOLD_FROM) untold.push({ expected: newest.time, found: now })

  async function look(): Promise<void> {
    // So that its hold begins with the step.
    reader.steady()
    const step = reader.step()
    if (step) untold.push(step)
    for (let first = untold[0]; first !== undefined; first = untold[0]) {
      const fields = {
        time_expected: formatTime(first.expected),
        time_found: formatTime(first.found),
      }
      await store.commit({ changes: [], events: [eventByHub(context, 'hub.clock', { fields })] })
      onStep(first)
      untold.shift()
    }
  }

  return {
    steady: () => reader.steady(),
    look,
    async run(signal) {
      while (!signal.aborted) {
        await look().catch((error: unknown) => {
          // It is told the next time.
          if (!(error instanceof StoreError)) throw error
        })
        await clock.sleep(LOOK_EVERY, signal).catch((error: unknown) => {
          if (!signal.aborted) throw error
        })
      }
    },
  }
}
