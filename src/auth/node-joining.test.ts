import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  DEPLOYER,
  drawIdentityKey,
  LOCAL,
  newRequest,
  openTestAuth,
  STRANGER,
} from '../../test/fakes/auth.ts'
import { joinNode, newNodeRequest } from '../../test/fakes/nodes.ts'
import { DAY, HOUR, MINUTE } from '../base/clock.ts'
import { parseCertificate } from '../ssh/certificate.ts'
import { encodeJoinToken, parseJoinToken } from '../trust/join-token.ts'
import { readPeerIdentity } from '../x509/peer-identity.ts'
import type { NodeDescription } from './node-request.ts'

describe("a node's join", () => {
  it('turns a token into a node with both certificates', async () => {
    await using auth = await openTestAuth()
    const { value } = await auth.nodeTokens.create(LOCAL, {})
    assert.match(value, /^tok-node-[a-z2-7]{56}$/)
    const issued = await auth.nodeJoining.join(STRANGER, value, newNodeRequest())
    const { identity, validity } = readPeerIdentity(issued.identityCertificate)
    assert.deepEqual(identity, {
      kind: 'node',
      clusterId: auth.context.store.clusterId,
      name: 'web-1',
      instanceId: issued.instanceId,
      generation: 1n,
    })
    const now = auth.clock.now()
    assert.equal(validity.notAfterMs, now + 7 * DAY)
    const host = parseCertificate(issued.hostCertificate)
    assert.equal(host.type, 'host')
    assert.deepEqual(host.validPrincipals, ['web-1', 'web-1.example.com', '192.0.2.10'])
    assert.equal(host.validAfter, BigInt((now - MINUTE) / 1000))
    assert.equal(host.validBefore, BigInt((now + 7 * DAY) / 1000))
    assert.equal(host.keyId, `node/web-1/instance/${issued.instanceId}/generation/1`)
    assert.deepEqual(host.criticalOptions, [])
    const { node, isOnline } = await auth.nodes.get('web-1')
    assert.equal(isOnline, false)
    assert.deepEqual(node.labels, { env: 'staging' })
    const [event] = await auth.context.store.audit.list({ limit: 1 })
    assert.equal(event?.type, 'node.join')
    assert.ok(!JSON.stringify(event).includes(value), 'the token never appears')
  })

  it('succeeds exactly once of 16 at the same time', async () => {
    await using auth = await openTestAuth()
    const { value } = await auth.nodeTokens.create(LOCAL, {})
    const outcomes = await Promise.allSettled(
      Array.from({ length: 16 }, (_, n) =>
        auth.nodeJoining.join(
          STRANGER,
          value,
          newNodeRequest({ name: `web-${n}`, hosts: [`h${n}`] }),
        ),
      ),
    )
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'token-used')
    }
  })

  it('gives the same node again for the same keys, whose reply was lost', async () => {
    await using auth = await openTestAuth()
    const { value } = await auth.nodeTokens.create(LOCAL, {})
    const key = drawIdentityKey()
    const request = newNodeRequest({}, {}, key)
    const first = await auth.nodeJoining.join(STRANGER, value, request)
    const again = await auth.nodeJoining.join(STRANGER, value, request)
    assert.equal(again.instanceId, first.instanceId)
    assert.equal(again.generation, 1n)
    const others = newNodeRequest({}, {}, key)
    await assert.rejects(auth.nodeJoining.join(STRANGER, value, others), { code: 'token-used' })
    await auth.locks.create(LOCAL, { kind: 'node', node: 'web-1' }, { message: '' })
    await assert.rejects(auth.nodeJoining.join(STRANGER, value, request), { code: 'node-locked' })
  })

  it('refuses a name that is taken, whoever has it, and spends nothing', async () => {
    await using auth = await openTestAuth()
    await joinNode(auth)
    const { value } = await auth.nodeTokens.create(LOCAL, {})
    const taken: readonly Partial<NodeDescription>[] = [
      {},
      { name: 'web-2', hosts: ['web-1'] },
      { name: 'web-1.example.com' },
    ]
    for (const node of taken) {
      await assert.rejects(
        auth.nodeJoining.join(STRANGER, value, newNodeRequest(node)),
        ({ code, hint }: Error & { code: string; hint: string }) =>
          code === 'already-exists' && /--name/.test(hint),
      )
    }
    const shared = { name: 'web-2', hosts: ['192.0.2.10'], port: 2222 }
    await auth.nodeJoining.join(STRANGER, value, newNodeRequest(shared))
  })

  it('refuses tokens in their own words, and in the audit log', async () => {
    await using auth = await openTestAuth()
    await auth.roles.create(LOCAL, DEPLOYER)
    const bot = await auth.bots.create(LOCAL, { name: 'ci', roles: ['ci-deployer'], token: {} })
    const used = await auth.nodeTokens.create(LOCAL, {})
    await auth.nodeJoining.join(STRANGER, used.value, newNodeRequest({ name: 'db-1' }))
    const expired = await auth.nodeTokens.create(LOCAL, { ttl: MINUTE })
    auth.clock.advance(MINUTE)
    const removed = await auth.nodeTokens.create(LOCAL, {})
    await auth.nodeTokens.remove(LOCAL, removed.record.id)
    const cases: readonly (readonly [token: string, code: string])[] = [
      [used.value, 'token-used'],
      [expired.value, 'token-expired'],
      [removed.value, 'token-unknown'],
      // The secret of a bot's token in the words of a node's.
      [encodeJoinToken({ ...parseJoinToken(bot.token.value), kind: 'node' }), 'token-wrong-kind'],
    ]
    for (const [token, code] of cases) {
      await assert.rejects(auth.nodeJoining.join(STRANGER, token, newNodeRequest()), { code })
      const [event] = await auth.context.store.audit.list({ limit: 1 })
      assert.equal(event?.outcome, 'refused')
      assert.equal(event?.fields?.['reason'], code)
      assert.equal(event?.fields?.['node'], 'web-1')
    }
    await assert.rejects(auth.nodeJoining.join(STRANGER, bot.token.value, newNodeRequest()), {
      code: 'token-wrong-kind',
    })
    const node = await auth.nodeTokens.create(LOCAL, {})
    const asBot = encodeJoinToken({ ...parseJoinToken(node.value), kind: 'bot' })
    await assert.rejects(auth.joining.join(STRANGER, asBot, newRequest()), {
      code: 'token-wrong-kind',
    })
    const clientTime = auth.clock.now() - HOUR
    const skewed = newNodeRequest({}, { clientTime })
    await assert.rejects(auth.nodeJoining.join(STRANGER, node.value, skewed), {
      code: 'clock-skew',
    })
    await auth.nodeJoining.join(STRANGER, node.value, newNodeRequest())
  })

  it('refuses a description that breaks the rules', async () => {
    await using auth = await openTestAuth()
    const { value } = await auth.nodeTokens.create(LOCAL, {})
    const many = Array.from({ length: 65 }, (_, n) => `h${n}`)
    const bad: readonly Partial<NodeDescription>[] = [
      { name: 'Web 1' },
      { labels: { '*': 'x' } },
      { labels: { env: '^staging$' } },
      { labels: Object.fromEntries(many.map((key) => [key, ''])) },
      { hosts: [] },
      { hosts: many },
      { hosts: ['*.example.com'] },
      { hosts: ['web-1.example.com.'] },
      { hosts: ['fe80::1%eth0'] },
      { hosts: ['web 1'] },
      { hosts: ['1.2.3'] },
      { port: 0 },
      { port: 65_536 },
    ]
    for (const node of bad) {
      await assert.rejects(
        auth.nodeJoining.join(STRANGER, value, newNodeRequest(node)),
        { code: 'invalid-request' },
        JSON.stringify(node).slice(0, 60),
      )
    }
    for (const changes of [
      { identityPublicKey: Buffer.from('x') },
      { hostPublicKey: Buffer.alloc(0) },
    ]) {
      await assert.rejects(auth.nodeJoining.join(STRANGER, value, newNodeRequest({}, changes)), {
        code: 'invalid-request',
      })
    }
    const odd = { hosts: ['WEB-1.Example.COM', 'web-1.example.com', '2001:db8::5', 'my_host'] }
    const { hostCertificate } = await auth.nodeJoining.join(STRANGER, value, newNodeRequest(odd))
    assert.deepEqual(parseCertificate(hostCertificate).validPrincipals, [
      'web-1',
      'web-1.example.com',
      '2001:db8::5',
      'my_host',
    ])
  })
})

describe('join tokens for nodes', () => {
  it('are listed and removed by their number, never shown again', async () => {
    await using auth = await openTestAuth()
    const first = await auth.nodeTokens.create(LOCAL, { ttl: HOUR, uses: 3 })
    auth.clock.advance(MINUTE)
    const second = await auth.nodeTokens.create(LOCAL, {})
    const listed = await auth.nodeTokens.list()
    assert.deepEqual(
      listed.map(({ id }) => id),
      [second.record.id, first.record.id],
    )
    assert.ok(!JSON.stringify(listed).includes(first.value))
    await auth.nodeTokens.remove(LOCAL, first.record.id)
    await assert.rejects(auth.nodeTokens.remove(LOCAL, first.record.id), { code: 'not-found' })
    const [event] = await auth.context.store.audit.list({ limit: 1 })
    assert.equal(event?.type, 'token.remove')
    await assert.rejects(auth.nodeTokens.create(LOCAL, { uses: 0 }), { code: 'invalid-request' })
  })

  it('of a bot are not removed as if they were', async () => {
    await using auth = await openTestAuth()
    await auth.roles.create(LOCAL, DEPLOYER)
    const { token } = await auth.bots.create(LOCAL, {
      name: 'ci',
      roles: ['ci-deployer'],
      token: {},
    })
    await assert.rejects(auth.nodeTokens.remove(LOCAL, token.record.id), { code: 'not-found' })
  })
})
