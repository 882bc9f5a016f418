import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FakeClock } from '../../test/fakes/clock.ts'
import { MINUTE } from '../base/clock.ts'
import type { StoredGeneration } from './generation.ts'
import { RecentGenerations } from './recent-generations.ts'

const fingerprint = Buffer.alloc(32)

function stored(generation: bigint): StoredGeneration {
  return {
    generation,
    keyFingerprint: fingerprint,
    previousKeyFingerprint: undefined,
    sshKeyFingerprint: fingerprint,
  }
}

describe('what was stored of a lineage a little while ago', () => {
  it('is told by time, up to what is stored now', async () => {
    const clock = new FakeClock()
    const recent = new RecentGenerations(clock)
    assert.equal(recent.at('a', 0), undefined)
    for (const generation of [1n, 2n, 3n]) {
      clock.advance(1_000)
      await recent.replacing('a', stored(generation), async () => {})
    }
    assert.equal(recent.at('a', 0)?.generation, 1n)
    assert.equal(recent.at('a', 999)?.generation, 1n)
    assert.equal(recent.at('a', 1_000)?.generation, 2n)
    assert.equal(recent.at('a', 2_999)?.generation, 3n)
    assert.equal(recent.at('a', 3_000), undefined)
    assert.equal(recent.at('b', 0), undefined)
  })

  it('counts as replaced only when the commit is over, and not by one that failed', async () => {
    const clock = new FakeClock()
    const recent = new RecentGenerations(clock)
    await recent.replacing('a', stored(1n), async () => {
      clock.advance(5_000)
      assert.equal(recent.at('a', 4_000)?.generation, 1n)
    })
    assert.equal(recent.at('a', 4_000)?.generation, 1n)
    assert.equal(recent.at('a', 5_000), undefined)
    const failing = recent.replacing('a', stored(2n), () => Promise.reject(new Error('full')))
    await assert.rejects(failing, { message: 'full' })
    assert.equal(recent.at('a', 5_000), undefined)
  })

  it('is forgotten after a minute', async () => {
    const clock = new FakeClock()
    const recent = new RecentGenerations(clock)
    for (let index = 0; index < 100; index++) {
      await recent.replacing(`${index}`, stored(1n), async () => {})
    }
    assert.equal(recent.size, 100)
    clock.advance(MINUTE)
    await recent.replacing('50', stored(2n), async () => {})
    assert.equal(recent.size, 1)
    assert.equal(recent.at('50', 0)?.generation, 2n)
  })
})
