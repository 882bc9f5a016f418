import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type Attempt,
  discontinuity,
  dropAnswered,
  type Exchange,
  type ExchangeState,
  type JoinAttempt,
  joinWith,
  keysFor,
  type Lineage,
  type RenewalAttempt,
  renewalOf,
  renewFrom,
} from './exchange.ts'

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

describe('an exchange', () => {
  type Pair = { readonly key: string }
  type Whole = Pair & Lineage
  const hasSameKeys = (a: Pair, b: Pair) => a.key === b.key
  const identity: Whole = { tokenId: 'a', instanceId: 'i', generation: 3n, key: 'current' }

  /** What is done, in its order, from what a state directory holds. */
  function record(join?: JoinAttempt & Pair, renewal?: RenewalAttempt & Pair) {
    const done: string[] = []
    const act = (what: string) => async () => void done.push(what)
    const state: ExchangeState<Pair, Whole> = {
      readPendingJoin: async () => join,
      readPendingRenewal: async () => renewal,
      settle: act('settle'),
      writePending: (pending) => act(`keep ${pending.key}`)(),
      writeIdentity: ({ key }) => act(`identity ${key}`)(),
      dropPending: (purpose) => act(`drop ${purpose}`)(),
    }
    const ask = async ({ key }: Pair): Promise<Whole> => {
      done.push(`ask ${key}`)
      return { ...identity, generation: 4n, key }
    }
    const exchange: Exchange<Pair, Whole> = { state, draw: () => ({ key: 'new' }), ask }
    return { done, exchange }
  }

  it('asks for keys that are on the disk, and keeps the answer', async () => {
    const { done, exchange } = record()
    await renewFrom(exchange, identity)
    assert.deepEqual(done, ['keep new', 'ask new', 'identity new'])
    const joining = record()
    await joinWith(joining.exchange, 'a')
    assert.deepEqual(joining.done, ['keep new', 'ask new', 'identity new'])
  })

  it('makes sure that keys which it finds are on the disk', async () => {
    const renewal = record(undefined, { ...renewalOf(identity), key: 'found' })
    await renewFrom(renewal.exchange, identity)
    assert.deepEqual(renewal.done, ['settle', 'ask found', 'identity found'])
    const join = record({ purpose: 'join', tokenId: 'a', key: 'found' })
    await joinWith(join.exchange, 'a')
    assert.deepEqual(join.done, ['settle', 'ask found', 'identity found'])
  })

  it('drops what is answered, once the answer is on the disk, and nothing else', async () => {
    const old = { ...renewalOf({ ...identity, generation: 2n }), key: 'old' }
    const join = { purpose: 'join', tokenId: 'a', key: 'current' } as const
    const over = record(join, old)
    await dropAnswered(over.exchange.state, identity, hasSameKeys)
    assert.deepEqual(over.done, ['settle', 'drop join', 'drop renewal'])
    const open = record({ ...join, key: 'other' }, { ...renewalOf(identity), key: 'next' })
    await dropAnswered(open.exchange.state, identity, hasSameKeys)
    assert.deepEqual(open.done, [])
  })
})
