import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { X509Error } from './errors.ts'
import {
  encodeIdentityUri,
  isIdentityName,
  type PeerIdentity,
  parseIdentityUri,
} from './identity-uri.ts'
import { BOT, CLUSTER_ID, INSTANCE_ID } from './test-cluster.ts'

const names = fc.stringMatching(/^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/)
const plain = { noNullPrototype: true }
const instance = {
  clusterId: fc.uuid(),
  name: names,
  instanceId: fc.uuid(),
  generation: fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
}
const identities: fc.Arbitrary<PeerIdentity> = fc.oneof(
  fc.record({ kind: fc.constant('bot' as const), ...instance }, plain),
  fc.record({ kind: fc.constant('node' as const), ...instance }, plain),
  fc.record({ kind: fc.constant('admin' as const), clusterId: fc.uuid(), name: names }, plain),
)

const BOT_URI = `mezite://${CLUSTER_ID}/bot/github-deploy/instance/${INSTANCE_ID}/generation/7`

describe('identity URI', () => {
  it('has the three forms', () => {
    assert.equal(encodeIdentityUri(BOT), BOT_URI)
    assert.equal(
      encodeIdentityUri({ ...BOT, kind: 'node', name: 'web-1', generation: 2n ** 63n - 1n }),
      `mezite://${CLUSTER_ID}/node/web-1/instance/${INSTANCE_ID}/generation/9223372036854775807`,
    )
    assert.equal(
      encodeIdentityUri({ kind: 'admin', clusterId: CLUSTER_ID, name: 'root' }),
      `mezite://${CLUSTER_ID}/admin/root`,
    )
  })

  it('comes back as it was', () => {
    fc.assert(
      fc.property(identities, (identity) => {
        assert.deepEqual(parseIdentityUri(encodeIdentityUri(identity)), identity)
      }),
    )
  })

  it('has no second spelling', () => {
    const generation = (digits: string) => BOT_URI.replace(/7$/, digits)
    for (const text of [
      '',
      BOT_URI.toUpperCase(),
      BOT_URI.replace('mezite:', 'Mezite:'),
      BOT_URI.replace(CLUSTER_ID, CLUSTER_ID.toUpperCase()),
      BOT_URI.replace(CLUSTER_ID, `${CLUSTER_ID}:3025`),
      BOT_URI.replace('github-deploy', 'github%2Ddeploy'),
      BOT_URI.replace('github-deploy', '-deploy'),
      BOT_URI.replace('github-deploy', 'a'.repeat(64)),
      BOT_URI.replace('github-deploy', ''),
      BOT_URI.replace('/bot/', '//bot/'),
      BOT_URI.replace('/bot/', '/user/'),
      `${BOT_URI}/`,
      `${BOT_URI}\n`,
      `${BOT_URI}?`,
      ` ${BOT_URI}`,
      `${BOT_URI}#a`,
      generation('0'),
      generation('07'),
      generation('-7'),
      generation('+7'),
      generation('7.0'),
      generation('٧'),
      generation('9223372036854775808'),
      generation('99999999999999999999'),
      `mezite://${CLUSTER_ID}/admin/root/instance/${INSTANCE_ID}/generation/7`,
      `mezite://${CLUSTER_ID}/bot/root`,
    ]) {
      assert.throws(() => parseIdentityUri(text), { code: 'malformed-identity-uri' }, text)
    }
  })

  it('read from damaged text is an error or another canonical URI', () => {
    const damaged = fc
      .tuple(fc.nat(BOT_URI.length), fc.nat(3), fc.string({ unit: 'binary', maxLength: 3 }))
      .map(([at, cut, text]) => BOT_URI.slice(0, at) + text + BOT_URI.slice(at + cut))
    fc.assert(
      fc.property(fc.oneof(damaged, fc.string({ unit: 'binary' })), (text) => {
        try {
          assert.equal(encodeIdentityUri(parseIdentityUri(text)), text)
        } catch (error) {
          assert.ok(error instanceof X509Error)
          assert.equal(error.code, 'malformed-identity-uri')
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('is not written for fields that can’t stand in it', () => {
    for (const change of [
      { clusterId: CLUSTER_ID.toUpperCase() },
      { clusterId: `${CLUSTER_ID}/admin/x` },
      { name: 'a/instance/b' },
      { name: '' },
      { instanceId: 'x' },
      { generation: 0n },
      { generation: 2n ** 63n },
    ]) {
      assert.throws(() => encodeIdentityUri({ ...BOT, ...change }), { code: 'invalid-request' })
    }
  })

  it('takes names of 1 to 63 characters', () => {
    for (const name of ['a', '0', 'ci.deploy_1-x', 'a..b', 'a'.repeat(63)]) {
      assert.equal(isIdentityName(name), true, name)
    }
    for (const name of ['', '.', 'a.', '_a', 'A', 'a b', 'ä', 'a\n', 'a'.repeat(64)]) {
      assert.equal(isIdentityName(name), false, name)
    }
  })
})
