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
      if (decision.action !== 'lock') assert.ok(decision.generation >= 3n)
    }
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
