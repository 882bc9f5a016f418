import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Act } from '../../storage.ts'
import { formatActs, parseActs } from './act-text.ts'
import { readText, storedText } from './text.ts'

const text = fc.string({ unit: 'binary' })
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { noNullPrototype: true })
const act: fc.Arbitrary<Act> = record({
  changes: fc.array(
    record({
      kind: fc.constant('insert-certificate' as const),
      certificate: record({
        serial: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        bot: text,
        instanceId: text,
        expiresAt: fc.maxSafeNat(),
        issue: fc.constantFrom(undefined, {
          generation: 1n,
          issuedAt: 1,
          keyFingerprint: Buffer.from([0, 255]),
          principals: ['$bytes'],
        }),
      }),
    }),
  ),
  events: fc.array(
    record({
      time: fc.maxSafeNat(),
      type: fc.constant('bot.create' as const),
      outcome: fc.constant('success' as const),
      actor: text,
      address: text,
      fields: fc.dictionary(fc.oneof(text, fc.constantFrom('$bytes', '$$x', '$undefined')), text, {
        noNullPrototype: true,
      }),
    }),
  ),
})

describe('act text', () => {
  it('is read back as it was', () => {
    fc.assert(
      fc.property(fc.array(act), (acts) => {
        assert.deepEqual(parseActs(formatActs(acts)), acts)
      }),
    )
  })

  it('refuses what is no list of acts', () => {
    for (const bad of ['', '{}', '[1]', '[{"changes":[]}]', '[{"changes":[],"events":1}]']) {
      assert.throws(() => parseActs(bad), { code: 'damaged' }, bad)
    }
  })
})

describe('stored text', () => {
  it('has no NUL, and is read back as it was', () => {
    const any = fc.array(fc.constantFrom('\0', '\u0010', 'n', 'd', 'é')).map((it) => it.join(''))
    fc.assert(
      fc.property(any, (given) => {
        assert.ok(!storedText(given).includes('\0'))
        assert.equal(readText(storedText(given)), given)
      }),
    )
  })
})
