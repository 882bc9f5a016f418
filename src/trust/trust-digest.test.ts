import assert from 'node:assert/strict'
import { it } from 'node:test'
import { trustDigest } from './trust-digest.ts'

const [a, b] = [Buffer.from('a'), Buffer.from('b')]

it('is the same in whatever order, and another for each set of keys', () => {
  const whole = { tls: [a], user: [a, b], host: [b] }
  assert.ok(trustDigest(whole).equals(trustDigest({ ...whole, user: [b, a] })))
  const others = [
    { ...whole, user: [a] },
    { ...whole, user: [a, b, b] },
    { ...whole, host: [a] },
    { ...whole, tls: [b], host: [a] },
    { tls: [], user: [a, b], host: [b, a] },
  ]
  const digests = [whole, ...others].map((keys) => trustDigest(keys).toString('hex'))
  assert.equal(new Set(digests).size, digests.length)
  assert.equal(digests[0]?.length, 64)
})
