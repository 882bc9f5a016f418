import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { DurationSchema } from '@bufbuild/protobuf/wkt'
import { DEPLOYER } from '../../../../test/fakes/auth.ts'
import { openTestHub, type TestHub } from '../../../../test/fakes/hub.ts'
import { keyPair } from '../../../../test/fakes/tls.ts'
import { HOUR } from '../../../base/clock.ts'
import { fromDuration, fromTimestamp, toDuration, toTimestamp } from '../../../rpc/times.ts'
import { parsePublicKeyLine } from '../../../ssh/public-key.ts'
import { parseJoinToken } from '../../../trust/join-token.ts'

const ROLES = ['ci-deployer']

async function withBots(hub: TestHub, ...names: string[]): Promise<void> {
  await hub.local.roles.createRole({ document: DEPLOYER })
  for (const name of names) await hub.local.bots.createBot({ name, roles: ROLES })
}

describe('roles over the wire', () => {
  it('are created, listed, changed and removed', async () => {
    await using hub = await openTestHub()
    const { roles } = hub.local
    const { role } = await roles.createRole({ document: DEPLOYER })
    assert.equal(role?.description, 'CI/CD deploy pipeline SSH access')
    assert.equal(role?.createdAt && fromTimestamp(role.createdAt), hub.auth.clock.now())
    const changed = await roles.updateRole({ document: DEPLOYER.replace('1h', '30m') })
    assert.equal(changed.role?.revision, 2n)
    const { role: got } = await roles.getRole({ name: 'ci-deployer' })
    assert.match(got?.document ?? '', /max_session_ttl: 30m/)
    assert.deepEqual((await roles.listRoles({})).roles, [got])
    await roles.deleteRole({ name: 'ci-deployer' })
    await assert.rejects(roles.getRole({ name: 'ci-deployer' }), { hubCode: 'not-found' })
  })
})

describe('bots over the wire', () => {
  it('come with a token, whose value is shown this once', async () => {
    await using hub = await openTestHub()
    await hub.local.roles.createRole({ document: DEPLOYER })
    const { bot, token, publicAddress } = await hub.local.bots.createBot({
      name: 'github-deploy',
      roles: ROLES,
      tokenTtl: toDuration(2 * HOUR),
      identityTtl: toDuration(12 * HOUR),
    })
    assert.equal(publicAddress, 'hub.example:3025')
    const value = token?.value ?? ''
    assert.ok(parseJoinToken(value).pin.equals(hub.auth.context.authorities.pin))
    assert.equal(token?.uses, 1)
    const expiresAt = token?.expiresAt && fromTimestamp(token.expiresAt)
    assert.equal(expiresAt, hub.auth.clock.now() + 2 * HOUR)
    assert.deepEqual(bot?.principals, ['bot:github-deploy', 'deploy'])
    assert.equal(bot?.identityTtl && fromDuration(bot.identityTtl), 12 * HOUR)
    assert.equal(bot?.maxCertificateTtl && fromDuration(bot.maxCertificateTtl), HOUR)
    assert.equal(bot?.lastSeen, undefined)
    const { bot: got } = await hub.local.bots.getBot({ name: 'github-deploy' })
    assert.deepEqual(
      got?.tokens.map(({ state, usesLeft }) => [state, usesLeft]),
      [['active', 1]],
    )
    assert.ok(!JSON.stringify(got, (_key, it) => String(it)).includes(value))
  })

  it('get a new token in place of the old', async () => {
    await using hub = await openTestHub()
    await withBots(hub, 'a')
    const rotated = await hub.local.bots.rotateToken({ name: 'a', tokenUses: 3 })
    assert.deepEqual([rotated.invalidated, rotated.token?.uses], [1, 3])
    assert.deepEqual(rotated.bot?.tokens.map(({ state }) => state).sort(), ['active', 'rotated'])
  })

  it('are listed page by page', async () => {
    await using hub = await openTestHub()
    await withBots(hub, 'a', 'b', 'c', 'd')
    const names: string[] = []
    let pageToken = ''
    do {
      const page = await hub.local.bots.listBots({ pageSize: 2, pageToken })
      assert.equal(page.bots.length, 2)
      names.push(...page.bots.map(({ name }) => name))
      pageToken = page.nextPageToken
    } while (pageToken !== '')
    assert.deepEqual(names, ['a', 'b', 'c', 'd'])
    await assert.rejects(hub.local.bots.listBots({ pageToken: '%%' }), {
      hubCode: 'invalid-request',
    })
  })

  it('are locked for a time or for good, and unlocked', async () => {
    await using hub = await openTestHub()
    await withBots(hub, 'a')
    const { bots, locks } = hub.local
    const { lock } = await bots.lockBot({ name: 'a', message: 'stolen', ttl: toDuration(HOUR) })
    assert.deepEqual(lock?.target, { case: 'bot', value: 'a' })
    const end = lock?.expiresAt && fromTimestamp(lock.expiresAt)
    assert.equal(end, hub.auth.clock.now() + HOUR)
    const forever = await bots.lockBot({ name: 'a' })
    assert.equal(forever.lock?.expiresAt, undefined)
    assert.equal((await locks.listLocks({})).locks.length, 2)
    assert.equal((await bots.getBot({ name: 'a' })).bot?.locks.length, 2)
    assert.equal((await bots.unlockBot({ name: 'a' })).removed.length, 2)
    assert.deepEqual((await locks.listLocks({})).locks, [])
  })

  it('get other roles, and are removed', async () => {
    await using hub = await openTestHub()
    await withBots(hub, 'a')
    const update = hub.local.bots.updateBot({ name: 'a', roles: ['nobody'] })
    await assert.rejects(update, { hubCode: 'not-found' })
    const { bot } = await hub.local.bots.updateBot({ name: 'a', roles: ROLES })
    assert.deepEqual(bot?.roles, ROLES)
    assert.equal((await hub.local.bots.deleteBot({ name: 'a' })).instancesRemoved, 0)
    await assert.rejects(hub.local.bots.getBot({ name: 'a' }), { hubCode: 'not-found' })
  })

  it('take no duration that is none', async () => {
    await using hub = await openTestHub()
    await withBots(hub)
    const tokenTtl = create(DurationSchema, { seconds: -5n })
    const call = hub.local.bots.createBot({ name: 'a', roles: ROLES, tokenTtl })
    await assert.rejects(call, { hubCode: 'invalid-request', message: /token_ttl/ })
  })
})

describe('admins over the wire', () => {
  it('get a certificate for their own key', async () => {
    await using hub = await openTestHub()
    const { spki } = keyPair()
    const reply = await hub.local.admins.createAdmin({ name: 'alice', publicKey: spki })
    const certificate = new X509Certificate(reply.certificate)
    assert.ok(certificate.publicKey.export({ type: 'spki', format: 'der' }).equals(spki))
    const [ca = Buffer.alloc(0)] = reply.tlsCa
    assert.ok(certificate.verify(new X509Certificate(ca).publicKey))
    const { admins } = await hub.local.admins.listAdmins({})
    assert.deepEqual(admins, [reply.admin])
  })
})

describe('the hub over the wire', () => {
  it('shows its CAs', async () => {
    await using hub = await openTestHub()
    const { listAuthorities } = hub.local.authorities
    const { authorities } = await listAuthorities({})
    assert.deepEqual(authorities.map(({ type }) => type).sort(), ['host', 'tls', 'user'])
    const [user] = (await listAuthorities({ type: 'user' })).authorities
    const [tls] = (await listAuthorities({ type: 'tls' })).authorities
    const { key } = parsePublicKeyLine(user?.publicKey ?? '')
    assert.ok(key.blob.equals(hub.auth.context.authorities.user.publicKey.blob))
    const ca = new X509Certificate(tls?.publicKey ?? '')
    assert.ok(ca.raw.equals(hub.auth.context.authorities.tls.certificate.der))
    for (const { fingerprint } of authorities) assert.match(fingerprint, /^SHA256:[\w+/]{43}$/)
    await assert.rejects(listAuthorities({ type: 'db' }), { hubCode: 'invalid-request' })
  })

  it('shows its state', async () => {
    await using hub = await openTestHub()
    await withBots(hub, 'a', 'b')
    const status = await hub.local.status.getStatus({})
    const { version, bots, roles, caller, clusterId, authorities } = status
    assert.deepEqual([version, bots, roles, caller], ['1.2.3', 2n, 1n, 'local'])
    assert.equal(clusterId, hub.auth.context.store.clusterId)
    assert.equal(authorities.length, 3)
  })
})

describe('the audit log over the wire', () => {
  it('is read from its end, page by page', async () => {
    await using hub = await openTestHub()
    await withBots(hub, 'a', 'b')
    const sequences: bigint[] = []
    let before = 0n
    do {
      const page = await hub.local.audit.listEvents({ pageSize: 3, before })
      sequences.push(...page.events.map(({ sequence }) => sequence))
      before = page.nextBefore
    } while (before !== 0n)
    const count = await hub.auth.context.store.audit.count()
    const expected = Array.from({ length: count }, (_, index) => BigInt(count - index))
    assert.deepEqual(sequences, expected)
  })

  it('is filtered', async () => {
    await using hub = await openTestHub()
    await withBots(hub, 'a', 'b')
    const { listEvents } = hub.local.audit
    const { events } = await listEvents({ filter: { type: 'bot.create', bot: 'a' } })
    const [event] = events
    assert.equal(events.length, 1)
    assert.deepEqual(event?.fields, { roles: 'ci-deployer' })
    assert.deepEqual([event?.code, event?.outcome, event?.actor], ['MZ3001I', 'success', 'local'])
    assert.equal(event?.hash.length, 32)
    assert.equal((await listEvents({ filter: { outcome: 'refused' } })).events.length, 0)
    const now = hub.auth.clock.now()
    assert.equal((await listEvents({ filter: { since: toTimestamp(now + 1) } })).events.length, 0)
    assert.equal((await listEvents({ before: 2n ** 64n - 1n, pageSize: 1 })).events.length, 1)
    for (const filter of [{ type: 'bot.fly' }, { type: 'toString' }, { outcome: 'maybe' }]) {
      await assert.rejects(listEvents({ filter }), { hubCode: 'invalid-request', hint: /are/ })
    }
  })
})
