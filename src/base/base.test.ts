import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeBase32, encodeBase32, equalBytes } from './bytes.ts'
import { formatTime, systemClock } from './clock.ts'
import { formatDuration, parseDuration } from './duration.ts'
import { systemErrorCode } from './errors.ts'

describe('duration', () => {
  it('reads the forms that people write', () => {
    assert.equal(parseDuration('30m'), 1_800_000)
    assert.equal(parseDuration('1h30m'), 5_400_000)
    assert.equal(parseDuration('1d2h3m4s5ms'), 93_784_005)
  })

  it('refuses every other spelling', () => {
    for (const text of [
      '',
      '30',
      'm',
      '1m1h',
      '1m2m',
      '-1m',
      '1.5h',
      ' 1h',
      '1h ',
      '1H',
      '99999999d',
    ]) {
      assert.throws(() => parseDuration(text), { code: 'malformed' }, text)
    }
  })

  it('prints what it reads back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 12 }), (ms) => {
        assert.equal(parseDuration(formatDuration(ms)), ms)
      }),
    )
  })
})

describe('base32', () => {
  it('agrees with the vectors of RFC 4648, section 10', () => {
    assert.equal(encodeBase32(Buffer.from('foobar')), 'mzxw6ytboi')
    assert.equal(encodeBase32(Buffer.from('fooba')), 'mzxw6ytb')
  })

  it('reads back what it wrote, and no second spelling of it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const text = encodeBase32(bytes)
        assert.deepEqual(decodeBase32(text), Buffer.from(bytes))
        assert.equal(decodeBase32(`${text}=`), undefined)
      }),
    )
    assert.equal(decodeBase32('mzxw6ytboj'), undefined, 'non-zero bits at the end')
    assert.equal(decodeBase32('MZXW6YTBOI'), undefined)
  })
})

it('compares bytes of any lengths', () => {
  assert.equal(equalBytes(Buffer.from('ab'), Buffer.from('ab')), true)
  assert.equal(equalBytes(Buffer.from('ab'), Buffer.from('ac')), false)
  assert.equal(equalBytes(Buffer.from('ab'), Buffer.from('abc')), false)
})

it('prints times in UTC to the second', () => {
  assert.equal(formatTime(Date.UTC(2026, 2, 24, 15, 0, 0, 999)), '2026-03-24T15:00:00Z')
  assert.equal(formatTime(Number(2n ** 64n - 1n) * 1000), '9999-12-31T23:59:59Z')
})

it('ends a sleep with the reason of the abort', async () => {
  const reason = new Error('stop')
  await assert.rejects(systemClock.sleep(60_000, AbortSignal.abort(reason)), reason)
  assert.equal(systemErrorCode(reason), undefined)
})
