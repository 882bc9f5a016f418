import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  DEPLOYER,
  drawIdentityKey,
  LOCAL,
  newRequest,
  openTestAuth,
  STRANGER,
  type TestAuth,
} from '../../test/fakes/auth.ts'
import { DAY, HOUR, MINUTE } from '../base/clock.ts'
import { parseCertificate } from '../ssh/certificate.ts'
import { encodeJoinToken, parseJoinToken } from '../trust/join-token.ts'
import { readPeerIdentity } from '../x509/peer-identity.ts'

async function withBot(auth: TestAuth, uses?: number): Promise<string> {
  await auth.roles.create(LOCAL, DEPLOYER)
  const roles = ['ci-deployer']
  const { token } = await auth.bots.create(LOCAL, { name: 'github-deploy', roles, token: { uses } })
  return token.value
}

async function lastEvent(auth: TestAuth) {
  const [event] = await auth.context.store.audit.list({ limit: 1 })
  return event
}

describe('a join', () => {
  it('turns a token into an instance with both certificates', async () => {
    await using auth = await openTestAuth()
    const token = await withBot(auth)
    const issued = await auth.joining.join(STRANGER, token, newRequest())
    const { identity, validity } = readPeerIdentity(issued.identityCertificate)
    assert.deepEqual(identity, {
      kind: 'bot',
      clusterId: auth.context.store.clusterId,
      name: 'github-deploy',
      instanceId: issued.instanceId,
      generation: 1n,
    })
    const now = auth.clock.now()
    assert.equal(validity.notBeforeMs, now - MINUTE)
    assert.equal(validity.notAfterMs, now + DAY)
    const ssh = parseCertificate(issued.sshCertificate)
    assert.deepEqual(ssh.validPrincipals, ['bot:github-deploy', 'deploy'])
    assert.equal(ssh.validAfter, BigInt((now - MINUTE) / 1000))
    assert.equal(ssh.validBefore, BigInt((now + HOUR) / 1000))
    assert.equal(ssh.keyId, `bot/github-deploy/instance/${issued.instanceId}/generation/1`)
    const event = await lastEvent(auth)
    assert.equal(event?.type, 'bot.join')
    assert.equal(event?.address, '192.0.2.7')
    assert.ok(!JSON.stringify(event).includes(token), 'the token never appears')
  })

  it('is refused, and spends nothing, for a key off the curve and for that of the CA', async () => {
    await using auth = await openTestAuth()
    const token = await withBot(auth)
    const offCurve = Buffer.from(newRequest().identityPublicKey).fill(1, 27)
    for (const key of [offCurve, auth.context.authorities.tls.certificate.spki]) {
      const request = newRequest({ identityPublicKey: key })
      await assert.rejects(auth.joining.join(STRANGER, token, request), {
        code: 'invalid-request',
        message: /not a P-256 public key|not proved that it holds the identity key/,
      })
    }
    await auth.joining.join(STRANGER, token, newRequest())
  })

  it('succeeds exactly once of 64 at the same time', async () => {
    await using auth = await openTestAuth()
    const token = await withBot(auth)
    const joins = Array.from({ length: 64 }, () => auth.joining.join(STRANGER, token, newRequest()))
    const outcomes = await Promise.allSettled(joins)
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'token-used')
    }
    assert.equal((await auth.bots.get('github-deploy')).instances.length, 1)
  })

  it('gives the same instance again for the same keys, whose reply was lost', async () => {
    await using auth = await openTestAuth()
    const token = await withBot(auth)
    const key = drawIdentityKey()
    const request = newRequest({}, key)
    const first = await auth.joining.join(STRANGER, token, request)
    const again = await auth.joining.join(STRANGER, token, request)
    assert.equal(again.instanceId, first.instanceId)
    assert.equal(again.generation, 1n)
    const others = newRequest({}, key)
    await assert.rejects(auth.joining.join(STRANGER, token, others), { code: 'token-used' })
  })

  it('uses a token as often as it was made for', async () => {
    await using auth = await openTestAuth()
    const token = await withBot(auth, 3)
    for (let use = 0; use < 3; use++) await auth.joining.join(STRANGER, token, newRequest())
    await assert.rejects(auth.joining.join(STRANGER, token, newRequest()), { code: 'token-used' })
  })
})

describe('a refused join', () => {
  const cases: readonly (readonly [
    code: string,
    prepare: (auth: TestAuth, token: string) => Promise<string>,
  ])[] = [
    [
      'token-unknown',
      async (_auth, token) =>
        encodeJoinToken({ ...parseJoinToken(token), secret: Buffer.alloc(16) }),
    ],
    [
      'token-expired',
      async (auth, token) => {
        auth.clock.advance(HOUR)
        return token
      },
    ],
    [
      'token-rotated',
      async (auth, token) => {
        await auth.bots.rotateToken(LOCAL, 'github-deploy', {})
        return token
      },
    ],
    [
      'token-used',
      async (auth, token) => {
        await auth.joining.join(STRANGER, token, newRequest())
        return token
      },
    ],
    [
      'bot-removed',
      async (auth, token) => {
        await auth.bots.remove(LOCAL, 'github-deploy')
        return token
      },
    ],
    [
      'bot-locked',
      async (auth, token) => {
        await auth.locks.lockBot(LOCAL, 'github-deploy', { message: 'incident 7' })
        return token
      },
    ],
  ]
  for (const [code, prepare] of cases) {
    it(`is ${code}, in its own words, and in the audit log`, async () => {
      await using auth = await openTestAuth()
      const token = await prepare(auth, await withBot(auth))
      await assert.rejects(
        auth.joining.join(STRANGER, token, newRequest()),
        (error: Error & { code: string; hint: string }) => {
          assert.equal(error.code, code)
          assert.ok(error.hint, 'says what to do')
          assert.ok(!`${error.message}${error.hint}`.includes(token))
          return true
        },
      )
      const event = await lastEvent(auth)
      assert.equal(event?.type, 'bot.join')
      assert.equal(event?.outcome, 'refused')
      assert.equal(event?.fields?.['reason'], code)
    })
  }

  it('names a clock that is off by an hour, and spends nothing', async () => {
    await using auth = await openTestAuth()
    const token = await withBot(auth)
    const clientTime = auth.clock.now() - HOUR
    await assert.rejects(auth.joining.join(STRANGER, token, newRequest({ clientTime })), {
      code: 'clock-skew',
      message: /2026-03-24T13:00:00Z on this machine, 2026-03-24T14:00:00Z on the hub/,
    })
    await auth.joining.join(STRANGER, token, newRequest({ clientTime: auth.clock.now() }))
  })

  it('names an interval that is not shorter than the life, and spends nothing', async () => {
    await using auth = await openTestAuth()
    const token = await withBot(auth)
    const request = newRequest({ certificateTtl: 2 * HOUR, renewalInterval: HOUR })
    await assert.rejects(auth.joining.join(STRANGER, token, request), {
      code: 'interval-too-long',
      message: /interval of 1h .* life of 1h, to which its roles cap it/,
    })
    await auth.joining.join(STRANGER, token, newRequest({ renewalInterval: 30 * MINUTE }))
  })

  it('refuses keys that are none', async () => {
    await using auth = await openTestAuth()
    const token = await withBot(auth)
    const bad = [{ identityPublicKey: Buffer.from('x') }, { sshPublicKey: Buffer.alloc(0) }]
    for (const changes of bad) {
      await assert.rejects(auth.joining.join(STRANGER, token, newRequest(changes)), {
        code: 'invalid-request',
      })
    }
  })
})
