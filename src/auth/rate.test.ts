import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { RateTable, requireRate } from './rate.ts'

describe('a rate', () => {
  it('lets a burst pass, then one in its time', () => {
    const table = new RateTable({ burst: 3, everyMs: 100 })
    assert.deepEqual(
      [0, 0, 0, 0, 99, 100, 101, 1_000, 1_000, 1_000, 1_000].map((now) => table.take('a', now)),
      [0, 0, 0, 100, 1, 0, 99, 0, 0, 0, 100],
    )
  })

  it('is each key’s own', () => {
    const table = new RateTable({ burst: 1, everyMs: 100 })
    assert.deepEqual([table.take('a', 0), table.take('a', 0), table.take('b', 0)], [0, 100, 0])
  })

  it('takes several at once or none', () => {
    const table = new RateTable({ burst: 10, everyMs: 10 })
    assert.equal(table.take('a', 0, 8), 0)
    assert.equal(table.take('a', 0, 3), 10)
    assert.equal(table.take('a', 0, 2), 0)
  })

  it('never lets more pass in any span than a burst and what grows in it', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 200 })
    const rates = fc.record({
      burst: fc.integer({ min: 1, max: 20 }),
      everyMs: fc.integer({ min: 1, max: 500 }),
    })
    fc.assert(
      fc.property(rates, steps, (rate, pauses) => {
        const table = new RateTable(rate)
        let now = 0
        const passed: number[] = []
        for (const pause of pauses) {
          now += pause
          const wait = table.take('a', now)
          if (wait === 0) passed.push(now)
          else assert.ok(wait <= rate.everyMs, 'one more is to be had within its time')
        }
        for (const [first, from] of passed.entries()) {
          for (const [last, to] of passed.entries()) {
            if (last < first) continue
            const most = rate.burst + (to - from) / rate.everyMs
            assert.ok(last - first + 1 <= most, `${last - first + 1} in ${to - from} ms`)
          }
        }
      }),
    )
  })

  it('remembers so many keys, and those used last', () => {
    const table = new RateTable({ burst: 1, everyMs: 1_000 }, 100)
    for (let key = 0; key < 10_000; key++) {
      table.take(String(key), 0)
      table.take('kept', key * 1_000)
    }
    assert.equal(table.size, 100)
    assert.ok(table.take('kept', 9_999_000) > 0)
    assert.equal(table.take('0', 0), 0)
  })

  it('says when to try again', () => {
    const table = new RateTable({ burst: 1, everyMs: 2_500 })
    requireRate(table, 'a', 0, 'renewals')
    assert.throws(() => requireRate(table, 'a', 0, 'renewals'), {
      code: 'rate-limited',
      message: 'too many renewals',
      hint: 'wait 3 s, then try again',
      retryAfterMs: 3_000,
    })
  })
})
