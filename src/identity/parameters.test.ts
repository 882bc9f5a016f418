import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MINUTE } from '../base/clock.ts'
import { encodeJoinToken } from '../trust/join-token.ts'
import {
  checkParameters,
  DEFAULT_KEY_LIFETIME_MS,
  type IdentityParameters,
  readerOf,
  readToken,
  stateDirectoryOf,
} from './parameters.ts'

const token = (kind: 'bot' | 'node') =>
  encodeJoinToken({ kind, secret: Buffer.alloc(16, 1), pin: Buffer.alloc(16, 2) })

const GOOD: IdentityParameters = {
  authServer: { host: 'hub.example', port: 3025 },
  joinToken: token('bot'),
  destination: '/var/lib/mezite/certs',
  stateDirectory: undefined,
  renewalIntervalMs: 30 * MINUTE,
  certificateTtlMs: 60 * MINUTE,
  keyLifetimeMs: DEFAULT_KEY_LIFETIME_MS,
  oneShot: false,
  readerUser: undefined,
  readerGroup: undefined,
  trust: undefined,
}

describe('checkParameters', () => {
  it('accepts what makes sense', () => {
    checkParameters(GOOD)
    checkParameters({ ...GOOD, joinToken: undefined, certificateTtlMs: undefined })
  })

  it('refuses what does not', () => {
    const cases: readonly [Partial<IdentityParameters>, RegExp][] = [
      [{ renewalIntervalMs: 60 * MINUTE }, /interval \(1h\) is not shorter than .* TTL \(1h\)/],
      [{ renewalIntervalMs: 0 }, /never pause/],
      [
        { readerUser: { uid: 1, gid: 1 }, readerGroup: { gid: 1 } },
        /reader user and a reader group/,
      ],
      [{ destination: 'certs' }, /can't be the destination/],
      [{ destination: '/' }, /can't be the destination/],
      [{ destination: '//' }, /can't be the destination/],
      [{ destination: `/a/$\{HOME}` }, /can't be the destination/],
      [{ destination: '/a\nb' }, /can't be the destination/],
      [{ stateDirectory: 'state' }, /can't be the state directory/],
      [{ stateDirectory: '/var/lib/mezite/certs/' }, /is the state directory/],
      [{ joinToken: token('node') }, /for a node, not for a bot/],
      [{ joinToken: 'tok-bot-a1b2c3d4e5f6' }, /has not the form/],
    ]
    for (const [change, message] of cases) {
      assert.throws(() => checkParameters({ ...GOOD, ...change }), { message })
    }
  })
})

it('names a token by its hash, and trusts its pin unless told otherwise', () => {
  const read = readToken(GOOD)
  assert.match(read?.id ?? '', /^[0-9a-f]{64}$/)
  assert.deepEqual(read?.trust, { kind: 'pin', pin: Buffer.alloc(16, 2) })
  assert.deepEqual(readToken({ ...GOOD, trust: { kind: 'system' } })?.trust, { kind: 'system' })
  assert.equal(readToken({ ...GOOD, joinToken: undefined }), undefined)
})

it('keeps its state in the destination unless told otherwise', () => {
  assert.equal(stateDirectoryOf(GOOD), '/var/lib/mezite/certs/.state')
  assert.equal(stateDirectoryOf({ ...GOOD, stateDirectory: '/state' }), '/state')
})

it('reads for whom the outputs are', () => {
  assert.deepEqual(readerOf(GOOD), { kind: 'nobody' })
  assert.deepEqual(readerOf({ ...GOOD, readerGroup: { gid: 7 } }), { kind: 'group', gid: 7 })
})
