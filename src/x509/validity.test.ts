import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { encodeText, TAG } from './der.ts'
import { DerReader } from './der-reader.ts'
import { encodeTime, encodeValidity, parseTime, readValidity, wholeSeconds } from './validity.ts'

const FIRST = Date.UTC(1950, 0, 1) / 1000
const LAST = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000
const instants = fc.oneof(
  fc.integer({ min: FIRST, max: LAST }),
  fc.integer({ min: Date.UTC(2049, 11, 31) / 1000, max: Date.UTC(2050, 0, 2) / 1000 }),
)

function read(der: Buffer): number {
  return parseTime(new DerReader(der).any())
}

describe('time', () => {
  it('is UTCTime through 2049 and GeneralizedTime from 2050 on', () => {
    const before = encodeTime(Date.UTC(2049, 11, 31, 23, 59, 59))
    assert.deepEqual(before, encodeText(TAG.utcTime, '491231235959Z'))
    const after = encodeTime(Date.UTC(2050, 0, 1))
    assert.deepEqual(after, encodeText(TAG.generalizedTime, '20500101000000Z'))
    assert.deepEqual(encodeTime(Date.UTC(1950, 0, 1)), encodeText(TAG.utcTime, '500101000000Z'))
  })

  it('comes back as it was', () => {
    fc.assert(
      fc.property(instants, (seconds) => {
        assert.equal(read(encodeTime(seconds * 1000)), seconds * 1000)
      }),
    )
  })

  it('has no second spelling', () => {
    const texts = [
      [TAG.generalizedTime, '20491231235959Z', 'GeneralizedTime before 2050'],
      [TAG.generalizedTime, '19491231235959Z', 'before 1950'],
      [TAG.generalizedTime, '20500101000000.5Z', 'a fraction'],
      [TAG.generalizedTime, '205001010000Z', 'no seconds'],
      [TAG.utcTime, '2601010000Z', 'no seconds'],
      [TAG.utcTime, '260101000000+0000', 'an offset'],
      [TAG.utcTime, '260230000000Z', '30 February'],
      [TAG.utcTime, '260101240000Z', '24 o’clock'],
      [TAG.utcTime, '261301000000Z', 'a 13th month'],
      [TAG.utcTime, '260101000060Z', 'a leap second'],
      [TAG.utcTime, '20500101000000Z', 'four digits'],
      [TAG.utf8String, '260101000000Z', 'another type'],
    ] as const
    for (const [tag, text, what] of texts) {
      assert.throws(() => read(encodeText(tag, text)), { code: 'malformed-certificate' }, what)
    }
  })
})

describe('validity', () => {
  it('is cut to whole seconds and never ends later than asked for', () => {
    const asked = { notBeforeMs: 1_700_000_000_999, notAfterMs: 1_700_000_060_999 }
    const whole = { notBeforeMs: 1_700_000_000_000, notAfterMs: 1_700_000_060_000 }
    assert.deepEqual(wholeSeconds(asked), whole)
    assert.deepEqual(readValidity(new DerReader(encodeValidity(whole))), whole)
  })

  it('is refused when it is empty, reversed or out of range', () => {
    const year10000 = Date.UTC(10_000, 0, 1)
    for (const [notBeforeMs, notAfterMs] of [
      [1000, 1000],
      [1000, 1999],
      [2000, 1000],
      [Number.NaN, 1000],
      [0, Number.POSITIVE_INFINITY],
      [0, year10000],
      [FIRST * 1000 - 1, 0],
    ] as const) {
      assert.throws(() => wholeSeconds({ notBeforeMs, notAfterMs }), { code: 'invalid-request' })
    }
    assert.equal(
      wholeSeconds({ notBeforeMs: 0, notAfterMs: year10000 - 1 }).notAfterMs,
      LAST * 1000,
    )
  })

  it('is refused in a certificate when it ends before it begins', () => {
    const der = encodeValidity({ notBeforeMs: 2000, notAfterMs: 1000 })
    assert.throws(() => readValidity(new DerReader(der)), { code: 'malformed-certificate' })
  })
})
