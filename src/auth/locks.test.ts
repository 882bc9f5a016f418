import assert from 'node:assert/strict'
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
import { joinNode } from '../../test/fakes/nodes.ts'
import { formatTime, HOUR, MINUTE } from '../base/clock.ts'
import { parseCertificate } from '../ssh/certificate.ts'
import type { IssuedIdentity } from './issuing.ts'
import type { LockRequest } from './locks.ts'

const OTHER = DEPLOYER.replace('ci-deployer', 'db').replace('- deploy', '- postgres')

async function joined(auth: TestAuth): Promise<IssuedIdentity> {
  await auth.roles.create(LOCAL, DEPLOYER)
  await auth.roles.create(LOCAL, OTHER)
  const roles = ['ci-deployer', 'db']
  const { token } = await auth.bots.create(LOCAL, { name: 'ci', roles, token: {} })
  return auth.joining.join(STRANGER, token.value, newRequest())
}

function principals({ sshCertificate }: IssuedIdentity): readonly string[] {
  return parseCertificate(sshCertificate).validPrincipals
}

describe('a lock', () => {
  const cases: readonly (readonly [LockRequest, fields: object])[] = [
    [{ kind: 'bot', bot: 'ci' }, {}],
    [{ kind: 'node', node: 'web-1' }, { node: 'web-1' }],
    [{ kind: 'role', role: 'db' }, { role: 'db' }],
    [{ kind: 'login', login: 'root' }, { login: 'root' }],
  ]
  for (const [request, fields] of cases) {
    it(`on a ${request.kind} is listed, audited, and removed by its number`, async () => {
      await using auth = await openTestAuth()
      await joined(auth)
      await joinNode(auth)
      const lock = await auth.locks.create(LOCAL, request, { message: 'incident 7', ttl: MINUTE })
      assert.deepEqual(lock.target, request)
      assert.deepEqual(await auth.locks.list(), [lock])
      const [event] = await auth.context.store.audit.list({ limit: 1 })
      const ends = { expires_at: formatTime(auth.clock.now() + MINUTE) }
      assert.deepEqual(event?.fields, {
        lock: lock.id,
        message: 'incident 7',
        ...ends,
        ...fields,
      })
      assert.deepEqual(await auth.locks.remove(LOCAL, lock.id), lock)
      assert.deepEqual(await auth.locks.list(), [])
      const [removal] = await auth.context.store.audit.list({ limit: 1 })
      assert.equal(removal?.type, 'lock.remove')
      await assert.rejects(auth.locks.remove(LOCAL, lock.id), { code: 'not-found' })
    })
  }

  it('on an instance needs its identifier alone', async () => {
    await using auth = await openTestAuth()
    const { instanceId, ...identity } = await joined(auth)
    const lock = await auth.locks.create(LOCAL, { kind: 'instance', instanceId }, { message: '' })
    assert.deepEqual(lock.target, { kind: 'instance', bot: 'ci', instanceId })
    const caller = callerOf({ ...identity, instanceId })
    await assert.rejects(auth.renewal.renew(caller, newRequest()), { code: 'instance-locked' })
    await auth.locks.remove(LOCAL, lock.id)
    await auth.renewal.renew(caller, newRequest())
  })

  it('on what there is not is refused', async () => {
    await using auth = await openTestAuth()
    const requests: readonly LockRequest[] = [
      { kind: 'bot', bot: 'x' },
      { kind: 'instance', instanceId: 'x' },
      { kind: 'node', node: 'x' },
      { kind: 'role', role: 'x' },
    ]
    for (const request of requests) {
      await assert.rejects(auth.locks.create(LOCAL, request, { message: '' }), {
        code: 'not-found',
      })
    }
    await assert.rejects(
      auth.locks.create(LOCAL, { kind: 'login', login: 'bot:x' }, { message: '' }),
      { code: 'invalid-request' },
    )
  })

  it('on a role or a login takes it out of certificates, not the bot out of the cluster', async () => {
    await using auth = await openTestAuth()
    let identity = await joined(auth)
    const renew = async () => {
      identity = await auth.renewal.renew(callerOf(identity), newRequest())
      return principals(identity)
    }
    assert.deepEqual(principals(identity), ['bot:ci', 'deploy', 'postgres'])
    const role = await auth.locks.create(LOCAL, { kind: 'role', role: 'db' }, { message: '' })
    assert.deepEqual(await renew(), ['bot:ci', 'deploy'])
    assert.deepEqual((await auth.bots.get('ci')).access.principals, ['bot:ci', 'deploy'])
    const login = { kind: 'login', login: 'deploy' } as const
    await auth.locks.create(LOCAL, login, { message: '', ttl: MINUTE })
    assert.deepEqual(await renew(), ['bot:ci'])
    auth.clock.advance(MINUTE)
    assert.deepEqual(await renew(), ['bot:ci', 'deploy'])
    await auth.locks.remove(LOCAL, role.id)
    assert.deepEqual(await renew(), ['bot:ci', 'deploy', 'postgres'])
  })

  it('on a role is in no certificate that leaves after it', async () => {
    await using auth = await openTestAuth()
    let identity = await joined(auth)
    let beaten = 0
    for (let round = 0; round < 20; round++) {
      const renewal = auth.renewal.renew(callerOf(identity), newRequest())
      let isLocked = false
      const lock = auth.locks
        .create(LOCAL, { kind: 'role', role: 'db' }, { message: '' })
        .finally(() => {
          isLocked = true
        })
      identity = await renewal
      if (isLocked) {
        beaten += 1
        assert.ok(!principals(identity).includes('postgres'))
      }
      await auth.locks.remove(LOCAL, (await lock).id)
    }
    assert.ok(beaten > 0, 'the lock was first at least once')
    assert.deepEqual((await auth.bots.get('ci')).locks, [])
  })
})

describe('certificates', () => {
  it('are on record from every issue, so that a lock revokes them all', async () => {
    await using auth = await openTestAuth()
    await auth.roles.create(LOCAL, DEPLOYER)
    const { token } = await auth.bots.create(LOCAL, {
      name: 'ci',
      roles: ['ci-deployer'],
      token: {},
    })
    const request = newRequest()
    const issued = [
      await auth.joining.join(STRANGER, token.value, request),
      await auth.joining.join(STRANGER, token.value, request),
    ]
    const [first] = issued
    assert.ok(first)
    const next = newRequest()
    issued.push(await auth.renewal.renew(callerOf(first), next))
    issued.push(await auth.renewal.renew(callerOf(first), next))
    const records = await auth.context.store.certificates.listForBot('ci', auth.clock.now())
    assert.deepEqual(
      new Set(records.map(({ serial }) => serial)),
      new Set(issued.map(({ serial }) => serial)),
    )
    for (const { instanceId, expiresAt } of records) {
      assert.equal(instanceId, first.instanceId)
      assert.equal(expiresAt, first.certificateExpiresAt)
    }
    await joinNode(auth)
    await auth.locks.lockBot(LOCAL, 'ci', { message: '' })
    assert.deepEqual(
      new Set(auth.board.snapshotFor('web-1').revoked),
      new Set(issued.map(({ serial }) => serial)),
    )
  })

  it('come with the nodes that the bot may enter', async () => {
    await using auth = await openTestAuth()
    await joinNode(auth)
    await joinNode(auth, { name: 'dev-1', labels: { env: 'dev' }, hosts: ['dev-1'] })
    const { nodes } = await joined(auth)
    assert.deepEqual(nodes, [
      {
        name: 'web-1',
        hosts: ['web-1.example.com', '192.0.2.10'],
        port: 22,
        logins: ['deploy', 'postgres'],
      },
    ])
  })
})

describe('an expired lock', () => {
  it('is deleted an hour after its end, and the log tells of it', async () => {
    await using auth = await openTestAuth()
    await joined(auth)
    const { store } = auth.context
    const ttl = 10 * MINUTE
    const short = await auth.locks.create(LOCAL, { kind: 'bot', bot: 'ci' }, { message: '', ttl })
    const role = await auth.locks.create(LOCAL, { kind: 'role', role: 'db' }, { message: '', ttl })
    const login = { kind: 'login', login: 'root' } as const
    const kept = await auth.locks.create(LOCAL, login, { message: '', ttl: 3 * HOUR })
    const endless = await auth.locks.create(LOCAL, { kind: 'bot', bot: 'ci' }, { message: '' })
    auth.clock.advance(HOUR)
    await auth.locks.prune()
    assert.equal((await store.locks.list()).length, 4, 'a clock may have been set wrong')
    auth.clock.advance(10 * MINUTE)
    await auth.locks.prune()
    await auth.locks.prune()
    const ids = (await store.locks.list()).map(({ id }) => id)
    assert.deepEqual(ids.sort(), [kept.id, endless.id].sort())
    const events = await store.audit.list({ limit: 9, type: 'lock.expire' })
    assert.deepEqual(
      events.map(({ actor, fields }) => [actor, fields?.['lock']]).sort(),
      [short, role].map(({ id }) => ['hub', id]).sort(),
    )
  })

  it('is nobody’s problem who removes it at that moment', async () => {
    await using auth = await openTestAuth()
    await joined(auth)
    const { store } = auth.context
    await auth.locks.create(LOCAL, { kind: 'bot', bot: 'ci' }, { message: '', ttl: MINUTE })
    auth.clock.advance(2 * HOUR)
    await Promise.all([auth.locks.prune(), auth.locks.unlockBot(LOCAL, 'ci'), auth.locks.prune()])
    assert.deepEqual(await store.locks.list(), [])
  })
})
