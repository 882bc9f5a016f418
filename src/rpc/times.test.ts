import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { DurationSchema, TimestampSchema } from '@bufbuild/protobuf/wkt'
import fc from 'fast-check'
import { fromDuration, fromTimestamp, toDuration, toTimestamp } from './times.ts'

describe('times', () => {
  it('come back as they were, before the epoch too', () => {
    fc.assert(
      fc.property(fc.integer({ min: -6e13, max: 2e14 }), (ms) => {
        assert.equal(fromTimestamp(toTimestamp(ms)), ms)
      }),
    )
    assert.deepEqual(toTimestamp(-1), create(TimestampSchema, { seconds: -1n, nanos: 999_000_000 }))
  })

  it('are refused outside of their range', () => {
    for (const init of [
      { seconds: 253_402_300_800n },
      { seconds: -62_135_596_801n },
      { nanos: -1 },
      { nanos: 1_000_000_000 },
    ]) {
      assert.equal(fromTimestamp(create(TimestampSchema, init)), undefined)
    }
  })
})

describe('durations', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3e14 }), (ms) => {
        assert.equal(fromDuration(toDuration(ms)), ms)
      }),
    )
  })

  it('are refused when negative, too long or no Duration', () => {
    for (const init of [
      { seconds: -1n },
      { seconds: 315_576_000_001n },
      { nanos: -1 },
      { seconds: 1n, nanos: 1_000_000_000 },
    ]) {
      assert.equal(fromDuration(create(DurationSchema, init)), undefined)
    }
  })
})
