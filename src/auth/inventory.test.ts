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
import { DAY, HOUR, MINUTE } from '../base/clock.ts'
import { parseCertificate } from '../ssh/certificate.ts'
import type { CertificateFilter, CertificateView } from './inventory.ts'
import type { CertificateRequest, IssuedIdentity } from './issuing.ts'

async function join(
  auth: TestAuth,
  bot: string,
  request: Partial<CertificateRequest> = {},
): Promise<IssuedIdentity> {
  if (!(await auth.context.store.roles.get('ci-deployer'))) await auth.roles.create(LOCAL, DEPLOYER)
  const { token } = await auth.bots.create(LOCAL, { name: bot, roles: ['ci-deployer'], token: {} })
  return auth.joining.join(STRANGER, token.value, newRequest(request))
}

/** Every page, so many at a time. */
async function list(
  auth: TestAuth,
  filter: CertificateFilter = {},
  limit = 100,
): Promise<readonly CertificateView[]> {
  const found: CertificateView[] = []
  let after: string | undefined = ''
  while (after !== undefined) {
    const page = await auth.inventory.list(filter, { after, limit })
    assert.ok(page.certificates.length <= limit)
    found.push(...page.certificates)
    after = page.next
  }
  return found
}

async function states(auth: TestAuth, filter: CertificateFilter = {}) {
  return (await list(auth, filter)).map(({ holder, state }) => `${holder} ${state}`)
}

describe('the inventory', () => {
  it('has what the certificate says, and when its holder is expected', async () => {
    await using auth = await openTestAuth()
    const start = auth.clock.now()
    const issued = await join(auth, 'ci', { renewalInterval: 10 * MINUTE, certificateTtl: HOUR })
    const [held, ...others] = await list(auth)
    assert.equal(others.length, 0)
    const certificate = parseCertificate(issued.sshCertificate)
    assert.equal(held?.serial, certificate.serial)
    assert.deepEqual(held?.principals, certificate.validPrincipals)
    assert.equal(BigInt(held?.expiresAt ?? 0), certificate.validBefore * 1_000n)
    assert.deepEqual(
      [held?.kind, held?.holder, held?.instanceId, held?.generation, held?.host, held?.state],
      ['user', 'ci', issued.instanceId, 1n, 'ci-7', 'valid'],
    )
    assert.equal(held?.issuedAt, start)
    assert.equal(held?.renewsAt, issued.suggestedRenewalAt ?? start + 10 * MINUTE)
  })

  it('says who has stopped to renew, until that has ended in expiry', async () => {
    await using auth = await openTestAuth()
    const late = await join(auth, 'late')
    const once = await join(auth, 'once', { oneShot: true })
    assert.equal(late.renewsAt !== undefined, true)
    assert.deepEqual([once.renewsAt, once.overdueAt], [undefined, undefined])
    auth.clock.advance(30 * MINUTE)
    await join(auth, 'new')
    assert.deepEqual((await states(auth)).toSorted(), ['late overdue', 'new valid', 'once valid'])
    assert.deepEqual(await states(auth, { state: 'overdue' }), ['late overdue'])
    assert.equal((await list(auth, { bot: 'once' }))[0]?.renewsAt, undefined)

    await auth.renewal.renew(callerOf(late), newRequest())
    assert.deepEqual(await states(auth, { bot: 'late' }), ['late valid'])
    auth.clock.advance(HOUR)
    assert.deepEqual(await states(auth), [])
    assert.deepEqual((await states(auth, { state: 'expired' })).toSorted(), [
      ...['late expired', 'new expired', 'once expired'],
    ])
  })

  it('has with a newest certificate the older ones that are still good', async () => {
    await using auth = await openTestAuth()
    const first = await join(auth, 'ci')
    auth.clock.advance(20 * MINUTE)
    const second = await auth.renewal.renew(callerOf(first), newRequest())
    const serials = async (filter: CertificateFilter) =>
      (await list(auth, filter)).map(({ serial, state }) => [serial, state])
    assert.deepEqual(await serials({}), [[second.serial, 'valid']])
    assert.deepEqual(await serials({ older: true }), [
      [second.serial, 'valid'],
      [first.serial, 'valid'],
    ])
    await auth.bots.remove(LOCAL, 'ci')
    assert.deepEqual(await serials({}), [])
    assert.deepEqual(await serials({ older: true }), [
      [first.serial, 'revoked'],
      [second.serial, 'revoked'],
    ])
  })

  it('says whom a lock keeps out, as long as it is in force', async () => {
    await using auth = await openTestAuth()
    await join(auth, 'one')
    const two = await join(auth, 'two')
    await joinNode(auth)
    await auth.locks.create(LOCAL, { kind: 'bot', bot: 'one' }, { message: '', ttl: MINUTE })
    await auth.locks.create(
      LOCAL,
      { kind: 'instance', instanceId: two.instanceId },
      { message: '' },
    )
    await auth.locks.create(LOCAL, { kind: 'node', node: 'web-1' }, { message: '' })
    const all = ['one revoked', 'two revoked', 'web-1 revoked']
    assert.deepEqual((await states(auth)).toSorted(), all)
    assert.deepEqual((await states(auth, { state: 'revoked' })).toSorted(), all)
    auth.clock.advance(2 * MINUTE)
    assert.deepEqual(await states(auth, { bot: 'one' }), ['one valid'])
    assert.deepEqual(await states(auth, { bot: 'two' }), ['two revoked'])
  })

  it('has nodes with their host certificates, late when their agents are', async () => {
    await using auth = await openTestAuth()
    const node = await joinNode(auth)
    const host = parseCertificate(node.hostCertificate)
    const [held] = await list(auth, { kind: 'host' })
    assert.deepEqual([held?.kind, held?.holder, held?.serial], ['host', 'web-1', host.serial])
    assert.deepEqual(held?.principals, host.validPrincipals)
    auth.clock.advance(2 * DAY)
    assert.deepEqual(await states(auth, { node: 'web-1' }), ['web-1 valid'])
    auth.clock.advance(DAY)
    assert.deepEqual(await states(auth, { node: 'web-1' }), ['web-1 overdue'])
    assert.deepEqual(await states(auth, { node: 'web-2' }), [])
    assert.deepEqual(await states(auth, { bot: 'web-1' }), [])
  })

  it('comes in pages of any size, without one twice or left out', async () => {
    await using auth = await openTestAuth()
    for (const bot of ['a', 'b', 'c']) {
      const first = await join(auth, bot)
      auth.clock.advance(MINUTE)
      await auth.renewal.renew(callerOf(first), newRequest())
    }
    await joinNode(auth)
    await joinNode(auth, { name: 'web-2', hosts: ['web-2.example.com'] })
    const whole = (await list(auth, { older: true })).map(({ serial }) => serial)
    assert.equal(new Set(whole).size, 8)
    for (const limit of [1, 2, 3, 7]) {
      const found = (await list(auth, { older: true }, limit)).map(({ serial }) => serial)
      assert.deepEqual(found, whole, `${limit} at a time`)
    }
    const soon = await list(auth, { kind: 'user', expiringWithin: HOUR - 2 * MINUTE + 1 })
    assert.deepEqual(
      soon.map(({ holder }) => holder),
      ['a'],
    )
  })

  it('takes no page token that it did not give', async () => {
    await using auth = await openTestAuth()
    const wrong = [
      'x',
      'held/',
      'held/1',
      'held/x/y',
      'older/1/abc',
      'older/1/18446744073709551616',
    ]
    for (const after of [...wrong, `held/1/${'x'.repeat(256)}`, "held/1/'/1"]) {
      const page = auth.inventory.list({ older: true }, { after, limit: 1 })
      await assert.rejects(page, { code: 'invalid-request' }, after)
    }
  })
})
