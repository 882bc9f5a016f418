import assert from 'node:assert/strict'
import { X509Error } from '../../../src/x509/errors.ts'
import { encodeIdentityUri, parseIdentityUri } from '../../../src/x509/identity-uri.ts'
import { isP256Spki, keyIdentifierOf, parseP256Spki } from '../../../src/x509/public-key.ts'
import { BOT, createTestKey } from '../../../src/x509/test-cluster.ts'
import { BYTE_MUTATIONS, TEXT_MUTATIONS } from '../engine/mutate.ts'
import { type FuzzTarget, textOf, unlessRefused } from '../engine/target.ts'
import { derMutation } from '../engine/tree.ts'

export const identityUri: FuzzTarget = {
  name: 'identity-uri',
  largest: 1_024,
  words: ['/admin/', '/bot/', '/node/', '/instance/', '/generation/', '9223372036854775807', '%2f'],
  mutations: TEXT_MUTATIONS,
  seeds: async () =>
    [
      encodeIdentityUri(BOT),
      encodeIdentityUri({ ...BOT, kind: 'node' }),
      encodeIdentityUri({ kind: 'admin', clusterId: BOT.clusterId, name: 'alice' }),
    ].map((it) => Buffer.from(it)),
  run(input) {
    const text = textOf(input)
    const identity = unlessRefused(() => parseIdentityUri(text), X509Error)
    if (identity === undefined) return 'refused'
    assert.equal(encodeIdentityUri(identity), text)
    return 'accepted'
  },
}

export const spki: FuzzTarget = {
  name: 'x509-spki',
  largest: 512,
  words: [],
  mutations: [...BYTE_MUTATIONS, ...BYTE_MUTATIONS.map(derMutation)],
  seeds: async () => [createTestKey().spki, createTestKey('P-384').spki],
  run(input) {
    const key = unlessRefused(() => parseP256Spki(input), X509Error)
    if (key === undefined) return 'refused'
    assert.ok(isP256Spki(input))
    assert.deepEqual(key.export({ format: 'der', type: 'spki' }), input)
    assert.equal(keyIdentifierOf(input).length, 20)
    return 'accepted'
  },
}
