import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { it } from 'node:test'
import { LOCAL, openTestAuth } from '../../test/fakes/auth.ts'
import { DAY } from '../base/clock.ts'
import { readPeerIdentity } from '../x509/peer-identity.ts'
import type { AdminCaller } from './caller.ts'

function newKey(): Buffer {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return publicKey.export({ type: 'spki', format: 'der' })
}

it('an admin identity is current until it expires or is removed, for its own key alone', async () => {
  await using auth = await openTestAuth()
  const publicKey = newKey()
  const { certificate, admin } = await auth.admins.create(LOCAL, { name: 'ada', publicKey })
  const { identity, spkiFingerprint } = readPeerIdentity(certificate)
  assert.deepEqual(identity, {
    kind: 'admin',
    clusterId: auth.context.store.clusterId,
    name: 'ada',
  })
  const caller: AdminCaller = {
    kind: 'admin',
    name: 'ada',
    keyFingerprint: spkiFingerprint,
    address: '192.0.2.1',
  }
  await auth.admins.requireCurrent(caller)
  const impostor = { ...caller, keyFingerprint: Buffer.alloc(32) }
  await assert.rejects(auth.admins.requireCurrent(impostor), { code: 'unauthenticated' })

  auth.clock.advance(admin.expiresAt - auth.clock.now())
  await assert.rejects(auth.admins.requireCurrent(caller), { code: 'unauthenticated' })
  auth.clock.step(-DAY)
  await auth.admins.requireCurrent(caller)
  await auth.admins.remove(LOCAL, 'ada')
  await assert.rejects(auth.admins.requireCurrent(caller), { code: 'unauthenticated' })
})

it('an admin is refused for a taken name, a bad name, a key that is none, a life too long', async () => {
  await using auth = await openTestAuth()
  await auth.admins.create(LOCAL, { name: 'ada', publicKey: newKey() })
  const publicKey = newKey()
  const cases = [
    [{ name: 'ada', publicKey }, 'already-exists'],
    [{ name: 'A da', publicKey }, 'invalid-request'],
    [{ name: 'bob', publicKey: Buffer.from('key') }, 'invalid-request'],
    [{ name: 'bob', publicKey: Buffer.from(publicKey).fill(1, 27) }, 'invalid-request'],
    [{ name: 'bob', publicKey, ttl: 1000 * DAY }, 'invalid-request'],
  ] as const
  for (const [request, code] of cases) {
    await assert.rejects(auth.admins.create(LOCAL, request), { code })
  }
  assert.equal((await auth.admins.list()).length, 1)
})
