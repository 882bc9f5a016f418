import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { HOUR, MINUTE, SECOND } from '../base/clock.ts'
import { renewAt, retryDelay } from './schedule.ts'

const drawn = (fraction: number) => ({ fraction: () => fraction })
const HALF = drawn(0.5)
const ISSUED = 1_774_360_800_000
const hour = {
  issuedAt: ISSUED,
  endsAt: ISSUED + HOUR,
  renewalIntervalMs: undefined,
  suggestedAt: undefined,
}
const fractions = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe('renewAt', () => {
  it('is a third of the life, or the interval, with ten per cent of jitter', () => {
    const cases = [
      [undefined, 0.5, 20 * MINUTE],
      [undefined, 0, 18 * MINUTE],
      [30 * MINUTE, 0.5, 30 * MINUTE],
      [30 * MINUTE, 0, 27 * MINUTE],
      [30 * MINUTE, 0.999_999, 33 * MINUTE],
      [59 * MINUTE, 0.999_999, 55 * MINUTE],
    ] as const
    for (const [renewalIntervalMs, fraction, after] of cases) {
      const at = renewAt({ ...hour, renewalIntervalMs }, drawn(fraction)) - ISSUED
      assert.ok(Math.abs(at - after) < SECOND, `${renewalIntervalMs} at ${fraction}: ${at}`)
    }
  })

  it('is what the hub suggests, earlier or later, within two thirds of the life', () => {
    const cases = [
      [5 * MINUTE, 5 * MINUTE],
      [50 * MINUTE, 40 * MINUTE],
      [2 * HOUR, 40 * MINUTE],
      [-HOUR, 30 * SECOND],
    ] as const
    for (const [suggested, after] of cases) {
      const terms = { ...hour, suggestedAt: ISSUED + suggested, renewalIntervalMs: 30 * MINUTE }
      assert.equal(renewAt(terms, drawn(0)) - ISSUED, after)
    }
  })

  it('always leaves a tenth of the life, or five minutes, and pauses before what the hub suggests', () => {
    const lives = fc.integer({ min: 5 * SECOND, max: 168 * HOUR })
    const maybe = fc.option(fc.integer({ min: -HOUR, max: 400 * HOUR }), { nil: undefined })
    fc.assert(
      fc.property(lives, maybe, maybe, fractions, (life, interval, suggested, fraction) => {
        const endsAt = ISSUED + life
        const suggestedAt = suggested === undefined ? undefined : ISSUED + suggested
        const terms = { ...hour, endsAt, renewalIntervalMs: interval, suggestedAt }
        const at = renewAt(terms, drawn(fraction))
        assert.ok(at <= endsAt - Math.min(life / 10, 5 * MINUTE))
        if (suggestedAt !== undefined) {
          assert.ok(at >= ISSUED + Math.min(life / 10, 30 * SECOND))
        }
      }),
    )
  })

  it('keeps a short interval that was asked for', () => {
    assert.equal(renewAt({ ...hour, renewalIntervalMs: 2 * SECOND }, HALF), ISSUED + 2 * SECOND)
  })
})

describe('retryDelay', () => {
  it('doubles from a second to a minute', () => {
    const delays = [0, 1, 2, 5, 6, 7, 2000].map((attempt) => retryDelay(attempt, HOUR, HALF))
    assert.deepEqual(delays, [500, 1000, 2000, 16_000, 30_000, 30_000, 30_000])
  })

  it('hurries when little is left, and not when nothing is', () => {
    assert.equal(retryDelay(20, 100 * SECOND, HALF), 5 * SECOND)
    assert.equal(retryDelay(20, 0, HALF), 30 * SECOND)
    assert.equal(retryDelay(20, -HOUR, HALF), 30 * SECOND)
  })

  it('is never a busy loop, and never above its cap', () => {
    const left = fc.integer({ min: -HOUR, max: 24 * HOUR })
    fc.assert(
      fc.property(fc.nat(5000), left, fractions, (attempt, leftMs, fraction) => {
        const delay = retryDelay(attempt, leftMs, drawn(fraction))
        const cap = leftMs > 0 ? Math.min(MINUTE, leftMs / 10) : MINUTE
        assert.ok(delay >= SECOND / 4 && delay <= Math.max(cap, SECOND / 4))
      }),
    )
  })

  it('waits as long as the hub asks for, and as much again by lot', () => {
    const asked = (fraction: number) => retryDelay(0, HOUR, drawn(fraction), 30 * SECOND)
    assert.deepEqual([asked(0), asked(0.5)], [30 * SECOND, 45 * SECOND])
    assert.equal(retryDelay(6, HOUR, HALF, SECOND), 30 * SECOND, 'not less than without')
  })

  it('lets the hub take an hour and a quarter of what is left at most', () => {
    const delays = fc.integer({ min: 0, max: 400 * HOUR })
    fc.assert(
      fc.property(delays, delays, fc.nat(40), fractions, (leftMs, askedMs, attempt, fraction) => {
        const delay = retryDelay(attempt, leftMs, drawn(fraction), askedMs)
        assert.ok(delay <= HOUR)
        if (leftMs > SECOND) assert.ok(delay <= leftMs / 4)
      }),
    )
  })
})
