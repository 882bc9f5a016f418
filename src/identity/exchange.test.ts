import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Attempt, discontinuity, keysFor } from './exchange.ts'

const JOIN: Attempt = { purpose: 'join', tokenId: 'a' }
const RENEWAL: Attempt = { purpose: 'renewal', instanceId: 'i', generation: 3n }

describe('keys', () => {
  const draw = () => ({ key: 'new' })

  it('are drawn for an attempt that has none', () => {
    assert.deepEqual(keysFor(JOIN, undefined, draw), { ...JOIN, key: 'new' })
    assert.deepEqual(keysFor(RENEWAL, undefined, draw), { ...RENEWAL, key: 'new' })
  })

  it('are used again for the same attempt, and for no other', () => {
    const attempts: readonly Attempt[] = [
      JOIN,
      { ...JOIN, tokenId: 'b' },
      RENEWAL,
      { ...RENEWAL, generation: 4n },
      { ...RENEWAL, instanceId: 'j' },
    ]
    for (const attempt of attempts) {
      const before: Attempt & { key: string } = { ...attempt, key: 'old' }
      assert.equal(keysFor(attempt, before, draw), before)
      for (const other of attempts.filter((each) => each !== attempt)) {
        assert.deepEqual(keysFor(other, before, draw), { ...other, key: 'new' })
      }
    }
  })
})

describe('an identity that renews another', () => {
  it('is of the same instance and of a later generation', () => {
    const previous = { tokenId: 'a', instanceId: 'i', generation: 3n }
    assert.equal(discontinuity(previous, undefined), undefined)
    assert.equal(discontinuity({ ...previous, generation: 4n }, previous), undefined)
    assert.equal(discontinuity({ ...previous, generation: 9n }, previous), undefined)
    assert.match(discontinuity(previous, previous) ?? '', /generation/)
    assert.match(discontinuity({ ...previous, generation: 2n }, previous) ?? '', /generation/)
    const other = { ...previous, instanceId: 'j', generation: 4n }
    assert.match(discontinuity(other, previous) ?? '', /another instance/)
  })
})
