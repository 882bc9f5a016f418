/**
 * When the hub would like each instance to renew next, so that renewals come evenly. Bots that come
 * all at once, as after an outage, would come all at once ever after.
 *
 * Time is cut into slots, and the hub counts the renewals that it has suggested in each. A renewal is
 * never suggested later than its bot has planned it, nor before half of that time; within these
 * bounds it goes into the last slot that isn't fuller than the others. So nothing changes for a bot as
 * long as there is room when it would have come, and a herd is spread over the slots before.
 *
 * The counts are an aid and no record: a hub that starts anew has none, and the bots that keep to
 * what they were told before come as evenly as they were told to.
 */
import { SECOND } from '../base/clock.ts'
import type { Random } from '../base/random.ts'

/** All in milliseconds since the epoch. */
export interface RenewalWindow {
  readonly earliest: number
  /** When the bot itself would come. */
  readonly latest: number
}

export const SLOT = 10 * SECOND

/** A day ahead: who renews more seldom than that makes no herd. */
const SLOTS = 8_640

/** In a slot that has no more than this, nobody is moved. */
export const PLENTY = 20

/** Where so little can be chosen, the bot's own jitter does as well. */
const SHORTEST_WINDOW = 3 * SLOT

/** @param intervalMs from the issue to the renewal that the bot has planned */
export function renewalWindow(issuedAt: number, intervalMs: number): RenewalWindow {
  return { earliest: issuedAt + intervalMs / 2, latest: issuedAt + intervalMs }
}

/**
 * The last slot from `first` to `last` that has few, or no more than the mean of them all.
 *
 * @param countOf how many are in a slot
 */
export function chooseSlot(first: number, last: number, countOf: (slot: number) => number): number {
  let sum = 0
  for (let slot = first; slot <= last; slot++) sum += countOf(slot)
  const most = Math.max(PLENTY - 1, sum / (last - first + 1))
  for (let slot = last; slot > first; slot--) {
    if (countOf(slot) <= most) return slot
  }
  return first
}

export class RenewalTimes {
  readonly #random: Pick<Random, 'fraction'>
  /** By the slot's number modulo their number. */
  readonly #counts = new Uint32Array(SLOTS)
  /** The first slot that isn't over; undefined: there was none yet. */
  #current: number | undefined

  constructor(random: Pick<Random, 'fraction'>) {
    this.#random = random
  }

  /**
   * A time in this window, which is counted; undefined where it makes no difference.
   *
   * @param now milliseconds since the epoch
   */
  suggest({ earliest, latest }: RenewalWindow, now: number): number | undefined {
    const current = this.#moveTo(slotAt(now))
    const first = slotAt(Math.max(now, earliest))
    const last = slotAt(latest)
    if (latest - earliest < SHORTEST_WINDOW || first > last) return undefined
    if (last >= current + SLOTS) return undefined
    const slot = chooseSlot(first, last, (each) => this.#counts[each % SLOTS] ?? 0)
    this.#counts[slot % SLOTS] = (this.#counts[slot % SLOTS] ?? 0) + 1
    const from = Math.max(earliest, slot * SLOT)
    const to = Math.min(latest, (slot + 1) * SLOT)
    return Math.floor(from + (to - from) * this.#random.fraction())
  }

  /** What is over is forgotten; all of it where the clock was set back or far ahead. */
  #moveTo(slot: number): number {
    const before = this.#current ?? slot
    if (slot < before || slot >= before + SLOTS) this.#counts.fill(0)
    else for (let over = before; over < slot; over++) this.#counts[over % SLOTS] = 0
    this.#current = slot
    return slot
  }
}

function slotAt(time: number): number {
  return Math.floor(time / SLOT)
}
