import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { HOUR, MINUTE, SECOND } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import { chooseSlot, PLENTY, RenewalTimes, renewalWindow, SLOT } from './renewal-times.ts'

const NOW = 1_774_360_800_000
const INTERVAL = 20 * MINUTE

/** The fullest slot. */
function peak(times: readonly number[]): number {
  const counts = new Map<number, number>()
  for (const time of times) {
    const slot = Math.floor(time / SLOT)
    counts.set(slot, (counts.get(slot) ?? 0) + 1)
  }
  return Math.max(...counts.values())
}

function suggestion(times: RenewalTimes, now: number, intervalMs = INTERVAL): number {
  return times.suggest(renewalWindow(now, intervalMs), now) ?? Number.NaN
}

describe('a slot', () => {
  it('is the last one where few have been put', () => {
    assert.equal(
      chooseSlot(5, 9, () => 0),
      9,
    )
    assert.equal(
      chooseSlot(5, 9, (slot) => (slot === 9 ? PLENTY - 1 : 0)),
      9,
    )
    assert.equal(
      chooseSlot(5, 9, (slot) => (slot === 9 ? PLENTY : 0)),
      8,
    )
  })

  it('is one that is no fuller than the mean, whatever is there', () => {
    const counts = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 100 })
    fc.assert(
      fc.property(counts, (all) => {
        const slot = chooseSlot(0, all.length - 1, (each) => all[each] ?? 0)
        const mean = all.reduce((sum, count) => sum + count, 0) / all.length
        assert.ok((all[slot] ?? Number.NaN) <= Math.max(PLENTY - 1, mean))
      }),
    )
  })
})

describe('the suggested renewal', () => {
  it('is when the bot has planned it, as long as there is room', () => {
    const times = new RenewalTimes(systemRandom)
    for (let i = 0; i < PLENTY; i++) {
      const at = suggestion(times, NOW)
      assert.ok(at <= NOW + INTERVAL && at > NOW + INTERVAL - 2 * SLOT)
    }
  })

  it('is never later than planned, nor before half of that', () => {
    const steps = fc.array(
      fc.record({
        pause: fc.integer({ min: -HOUR, max: 30 * HOUR }),
        interval: fc.integer({ min: 0, max: 200 * HOUR }),
        burst: fc.integer({ min: 1, max: 50 }),
      }),
      { maxLength: 30 },
    )
    fc.assert(
      fc.property(steps, (all) => {
        const times = new RenewalTimes(systemRandom)
        let now = NOW
        for (const { pause, interval, burst } of all) {
          now += pause
          for (let i = 0; i < burst; i++) {
            const at = times.suggest(renewalWindow(now, interval), now)
            if (at === undefined) continue
            assert.ok(at >= now + Math.floor(interval / 2) && at <= now + interval)
          }
        }
      }),
      { numRuns: 50 },
    )
  })

  it('is left to the bot where it makes no difference', () => {
    const times = new RenewalTimes(systemRandom)
    for (const interval of [SECOND, 50 * SECOND, 25 * HOUR]) {
      assert.equal(times.suggest(renewalWindow(NOW, interval), NOW), undefined)
    }
  })

  it('spreads a herd evenly', () => {
    const times = new RenewalTimes(systemRandom)
    const herd = Array.from({ length: 10_000 }, (_, i) => suggestion(times, NOW + i * 4))
    // Half of the interval has 60 slots; the window moves on while they come.
    assert.ok(peak(herd) <= Math.ceil(10_000 / 60) + 1, String(peak(herd)))
  })

  it('lets a herd come as evenly as there is time, after a few rounds', () => {
    const times = new RenewalTimes(systemRandom)
    const bots = 6_000
    let due = Array.from({ length: bots }, (_, i) => NOW + i * 5)
    let rounds: number[] = []
    const end = NOW + 8 * INTERVAL
    while (due.length > 0) {
      due.sort((a, b) => a - b)
      const next: number[] = []
      for (const at of due) {
        if (at < end) next.push(suggestion(times, at))
      }
      rounds = [...rounds, ...next]
      due = next
    }
    const late = rounds.filter((at) => at > end - 2 * INTERVAL && at <= end)
    // As many slots as an interval has, and all bots.
    const even = bots / (INTERVAL / SLOT)
    assert.ok(late.length >= 2 * bots * 0.9)
    assert.ok(late.length <= 2 * bots * 1.5, `no more renewals than need be: ${late.length}`)
    assert.ok(peak(late) <= 2 * even, `${peak(late)} in a slot, ${even} when all is even`)
  })

  it('forgets what is over, and all when the clock is set', () => {
    const times = new RenewalTimes(systemRandom)
    for (let i = 0; i < 500; i++) suggestion(times, NOW)
    for (const now of [NOW + 26 * HOUR, NOW, NOW + 24 * HOUR]) {
      assert.ok(suggestion(times, now) > now + INTERVAL - 2 * SLOT)
    }
  })
})
