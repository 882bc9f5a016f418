import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { GenerationDecision, PresentedGeneration, StoredGeneration } from './generation.ts'
import { decideGeneration } from './generation.ts'

const KEYS = ['current', 'previous', 'other'] as const
type Key = (typeof KEYS)[number]

const bytes = (name: string) => Buffer.from(name.padEnd(32))

function stored(generation: bigint): StoredGeneration {
  return {
    generation,
    keyFingerprint: bytes('current'),
    previousKeyFingerprint: generation > 1n ? bytes('previous') : undefined,
    sshKeyFingerprint: bytes('ssh-current'),
  }
}

/** The rules, told a second time and in another way: by the one row that applies. */
function expected(at: bigint, generation: bigint, key: Key, nextKey: Key, nextSsh: string) {
  const ahead = generation - at
  if (ahead > 0n) return 'recover'
  if (ahead === 0n) return key === 'current' ? 'advance' : 'lock'
  const asksForTheSame = nextKey === 'current' && nextSsh === 'ssh-current'
  return ahead === -1n && key === 'previous' && asksForTheSame ? 'repeat' : 'lock'
}

describe('decideGeneration', () => {
  it('decides every combination of generation, key and next keys as the table says', () => {
    const seen = new Set<string>()
    for (const at of [1n, 2n, 3n, 10n]) {
      for (let generation = 1n; generation <= at + 2n; generation++) {
        for (const key of KEYS) {
          for (const nextKey of KEYS) {
            for (const nextSsh of ['ssh-current', 'ssh-other']) {
              const presented: PresentedGeneration = {
                generation,
                keyFingerprint: bytes(key),
                nextKeyFingerprint: bytes(nextKey),
                nextSshKeyFingerprint: bytes(nextSsh),
              }
              const decision = decideGeneration(stored(at), presented)
              const what = `stored ${at}, presented ${generation} ${key} -> ${nextKey} ${nextSsh}`
              assert.equal(decision.action, expected(at, generation, key, nextKey, nextSsh), what)
              assertGeneration(decision, at, generation, what)
              seen.add(decision.action)
            }
          }
        }
      }
    }
    assert.deepEqual([...seen].sort(), ['advance', 'lock', 'recover', 'repeat'])
  })

  it('never issues a generation below the stored one', () => {
    for (const generation of [1n, 2n, 3n, 4n, 5n]) {
      const decision = decideGeneration(stored(3n), {
        generation,
        keyFingerprint: bytes('current'),
        nextKeyFingerprint: bytes('other'),
        nextSshKeyFingerprint: bytes('ssh-other'),
      })
      if ('generation' in decision) assert.ok(decision.generation >= 3n)
    }
  })
})

describe('a request that would lock', () => {
  const request = {
    generation: 1n,
    keyFingerprint: bytes('previous'),
    nextKeyFingerprint: bytes('next'),
    nextSshKeyFingerprint: bytes('ssh-next'),
  }
  const newest: StoredGeneration = { ...stored(3n), previousKeyFingerprint: bytes('next') }
  const first: StoredGeneration = { ...stored(1n), keyFingerprint: bytes('previous') }
  const answered: StoredGeneration = {
    generation: 2n,
    keyFingerprint: bytes('next'),
    previousKeyFingerprint: bytes('previous'),
    sshKeyFingerprint: bytes('ssh-next'),
  }

  it('is late where it would have been served when its connection was accepted', () => {
    for (const before of [first, answered]) {
      assert.deepEqual(decideGeneration(newest, request, before), { action: 'late' })
    }
  })

  it('locks where it would have locked then, too', () => {
    const lock = { action: 'lock', reason: 'old-generation' } as const
    assert.deepEqual(decideGeneration(newest, request, undefined), lock)
    const forged = [
      { ...request, nextKeyFingerprint: bytes('other') },
      { ...request, nextSshKeyFingerprint: bytes('other') },
      { ...request, keyFingerprint: bytes('other') },
    ]
    for (const each of forged) assert.deepEqual(decideGeneration(newest, each, answered), lock)
    const copy = { ...request, keyFingerprint: bytes('other') }
    assert.deepEqual(decideGeneration(newest, copy, first), lock)
  })

  it('is judged by what is stored now where that serves it', () => {
    const current = { ...request, generation: 3n, keyFingerprint: bytes('current') }
    assert.equal(decideGeneration(newest, current, first).action, 'advance')
  })
})

function assertGeneration(
  decision: GenerationDecision,
  at: bigint,
  presented: bigint,
  what: string,
) {
  switch (decision.action) {
    case 'advance':
      return assert.equal(decision.generation, at + 1n, what)
    case 'repeat':
      return assert.equal(decision.generation, at, what)
    case 'recover':
      return assert.equal(decision.generation, presented + 1n, what)
    case 'lock':
      return assert.equal(decision.reason, presented === at ? 'other-key' : 'old-generation', what)
  }
}
