import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import {
  callerOf,
  DEPLOYER,
  LOCAL,
  newRequest,
  openTestAuth,
  STRANGER,
  type TestAuth,
} from '../../test/fakes/auth.ts'
import { FakeClock } from '../../test/fakes/clock.ts'
import { HOUR, MINUTE } from '../base/clock.ts'
import { parseCertificate, verifyCertificate } from '../ssh/certificate.ts'
import { parsePublicKey } from '../ssh/public-key.ts'
import { parseJoinToken } from '../trust/join-token.ts'
import { trustDigest } from '../trust/trust-digest.ts'
import { spkiPin } from '../x509/public-key.ts'
import { verifyIssuedBy } from '../x509/verify.ts'
import { type IssuedIdentity, trustBundle } from './issuing.ts'
import type { AuthorityType } from './records.ts'
import type { RotationStep } from './rotation.ts'

async function joinedBot(auth: TestAuth): Promise<IssuedIdentity> {
  await auth.roles.create(LOCAL, DEPLOYER)
  const { token } = await auth.bots.create(LOCAL, { name: 'ci', roles: ['ci-deployer'], token: {} })
  return await auth.joining.join(STRANGER, token.value, newRequest())
}

function rotate(auth: TestAuth, type: AuthorityType, to?: RotationStep, force = false) {
  return auth.rotations.rotate(LOCAL, { type, to, force })
}

const phases = async (auth: TestAuth) =>
  (await auth.context.store.audit.list({ limit: 100, type: 'ca.rotate' }))
    .map(({ fields }) => fields?.['phase'])
    .reverse()

/** Which of the CAs that are trusted has signed each of its certificates. */
function signersOf(issued: IssuedIdentity) {
  const certificate = parseCertificate(issued.sshCertificate)
  const user = issued.trust.user.findIndex((blob) => blob.equals(certificate.signatureKey.blob))
  verifyCertificate(certificate, parsePublicKey(issued.trust.user[user] ?? Buffer.alloc(0)))
  return user
}

describe('rotations', () => {
  it('of the User CA change who signs at once, and end when the last old certificate has', async () => {
    await using auth = await openTestAuth()
    const joined = await joinedBot(auth)
    const [old] = auth.context.authorities.records
    const begun = await rotate(auth, 'user')
    assert.equal(begun.rotation?.phase, 'init')
    assert.deepEqual(begun.waitingFor, [])
    assert.equal(trustBundle(auth.context).user.length, 2)

    await rotate(auth, 'user')
    const renewed = await auth.renewal.renew(callerOf(joined), newRequest())
    assert.equal(signersOf(renewed), 1)
    const before = await rotate(auth, 'user', 'update-servers')
    assert.deepEqual(
      before.waitingFor.map(({ kind, until }) => [kind, until]),
      [['certificates', joined.certificateExpiresAt]],
    )
    await assert.rejects(rotate(auth, 'user', 'done'), { code: 'in-use', hint: /--force/ })
    auth.clock.step(HOUR)
    const ended = await rotate(auth, 'user')
    assert.deepEqual([ended.rotation, ended.next], [undefined, 'init'])
    assert.equal(trustBundle(auth.context).user.length, 1)
    assert.ok(!auth.context.authorities.records.some(({ id }) => id === old?.id))
    assert.deepEqual(await phases(auth), ['init', 'update-clients', 'update-servers', 'done'])
  })

  it('take no step out of order, and each once however often it is asked for', async () => {
    await using auth = await openTestAuth()
    for (const step of ['update-clients', 'update-servers', 'done', 'rollback'] as const) {
      await assert.rejects(rotate(auth, 'host', step), { code: 'invalid-request' })
    }
    await Promise.all([rotate(auth, 'host', 'init'), rotate(auth, 'host', 'init')])
    await assert.rejects(rotate(auth, 'host', 'done', true), {
      code: 'invalid-request',
      hint: 'what can: update-clients or rollback',
    })
    await rotate(auth, 'host', 'update-clients')
    await rotate(auth, 'host', 'update-clients')
    assert.deepEqual(await phases(auth), ['init', 'update-clients'])
  })

  it('go on where they were when the hub is started anew, and after a rollback where they began', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'mezite-rotation-'))
    const clock = new FakeClock()
    const reopened = async <T>(act: (auth: TestAuth) => Promise<T>) => {
      await using auth = await openTestAuth({ directory, clock })
      return await act(auth)
    }
    const host = (auth: TestAuth) => auth.context.authorities.host.publicKey.blob.toString('hex')
    try {
      const old = await reopened(async (auth) => host(auth))
      for (const step of ['init', 'update-clients', 'update-servers'] as const) {
        const { rotation } = await reopened((auth) => rotate(auth, 'host', step))
        assert.equal(rotation?.phase, step)
      }
      assert.notEqual(await reopened(async (auth) => host(auth)), old)
      await reopened((auth) => rotate(auth, 'host', 'rollback'))
      assert.equal(await reopened(async (auth) => host(auth)), old)
      await reopened((auth) => rotate(auth, 'host', 'done'))
      await reopened(async (auth) => {
        assert.equal(host(auth), old)
        assert.equal(auth.context.authorities.records.length, 3)
      })
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  it('of the TLS CA: tokens pin the one that signs, identities tell which they are of', async () => {
    await using auth = await openTestAuth()
    const joined = await joinedBot(auth)
    const { authorities } = auth.context
    const pinOf = async () => {
      const { token } = await auth.bots.rotateToken(LOCAL, 'ci', {})
      return parseJoinToken(token.value).pin
    }
    const old = authorities.tls.certificate
    await rotate(auth, 'tls')
    assert.deepEqual(await pinOf(), spkiPin(old.der))
    await rotate(auth, 'tls')
    assert.notEqual(authorities.tls.certificate.der, old.der)
    assert.deepEqual(await pinOf(), spkiPin(authorities.tls.certificate.der))
    assert.equal(authorities.serving.certificate.der, old.der)
    const early = await auth.rotations.state('tls')
    assert.deepEqual(
      early.waitingFor.map(({ kind, instanceId }) => [kind, instanceId]),
      [['bot', joined.instanceId]],
    )
    auth.clock.step(MINUTE)
    const renewed = await auth.renewal.renew(callerOf(joined), newRequest())
    verifyIssuedBy(renewed.identityCertificate, authorities.tls.certificate, auth.clock.now())
    await rotate(auth, 'tls')
    assert.notEqual(authorities.serving.certificate.der, old.der)
    await rotate(auth, 'tls')
    assert.equal(authorities.tlsCas.length, 1)
  })

  it('ask whoever watches for a report, and of old identities a renewal', async () => {
    await using auth = await openTestAuth()
    const joined = await joinedBot(auth)
    const caller = callerOf(joined)
    assert.equal(auth.rotations.duties(caller), undefined)
    const leave = auth.rotations.attendance.enter(caller)
    await rotate(auth, 'host')
    assert.deepEqual(auth.rotations.duties(caller), { reportTrust: true, renewWithinMs: undefined })
    // The one that was issued before has not said that its known_hosts has the new CA.
    await assert.rejects(rotate(auth, 'host'), {
      code: 'in-use',
      message: /bot ci has not confirmed/,
    })
    const { user, tls, host } = trustBundle(auth.context)
    await auth.rotations.report(caller, 'something else', undefined)
    assert.equal((await auth.rotations.state('host')).waitingFor.length, 1)
    const digest = trustDigest({ user, tls, host }).toString('hex')
    await auth.rotations.report(caller, digest, undefined)
    await rotate(auth, 'host')
    leave()
    auth.clock.step(MINUTE)
    await rotate(auth, 'user')
    await rotate(auth, 'user')
    assert.notEqual(auth.rotations.duties(caller)?.renewWithinMs, undefined)
    const renewed = callerOf(await auth.renewal.renew(caller, newRequest()))
    assert.equal(
      auth.rotations.duties({ ...renewed, issuedAt: auth.clock.now() + MINUTE })?.renewWithinMs,
      undefined,
    )
  })
})
