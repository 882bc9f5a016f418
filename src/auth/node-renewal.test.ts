import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LOCAL, openTestAuth, type TestAuth } from '../../test/fakes/auth.ts'
import { joinNode, newNodeRequest, nodeCallerOf } from '../../test/fakes/nodes.ts'
import { DAY, HOUR } from '../base/clock.ts'
import { parseCertificate } from '../ssh/certificate.ts'
import { createNodeRenewal } from './node-renewal.ts'

async function nodeLocks(auth: TestAuth) {
  return (await auth.nodes.get('web-1')).locks
}

describe("a node's renewal", () => {
  it('advances the generation, and follows what the agent says', async () => {
    await using auth = await openTestAuth()
    const first = await joinNode(auth)
    auth.clock.advance(8 * HOUR)
    const request = newNodeRequest({ labels: { env: 'production' }, port: 2222, hosts: ['new'] })
    const second = await auth.nodeRenewal.renew(nodeCallerOf(first), request)
    assert.equal(second.generation, 2n)
    assert.equal(second.hostCertificateExpiresAt, auth.clock.now() + 7 * DAY)
    assert.deepEqual(parseCertificate(second.hostCertificate).validPrincipals, ['web-1', 'new'])
    const { node } = await auth.nodes.get('web-1')
    assert.deepEqual(node.labels, { env: 'production' })
    assert.deepEqual([node.port, node.generation], [2222, 2n])
  })

  it('repeats for the same keys after a lost reply', async () => {
    await using auth = await openTestAuth()
    const first = nodeCallerOf(await joinNode(auth))
    const request = newNodeRequest()
    for (let attempt = 0; attempt < 3; attempt++) {
      assert.equal((await auth.nodeRenewal.renew(first, request)).generation, 2n)
    }
    assert.deepEqual(await nodeLocks(auth), [])
  })

  it('of a copy locks the node, until the lock is removed', async () => {
    await using auth = await openTestAuth()
    const stolen = nodeCallerOf(await joinNode(auth))
    const owner = nodeCallerOf(await auth.nodeRenewal.renew(stolen, newNodeRequest()))
    await assert.rejects(auth.nodeRenewal.renew(stolen, newNodeRequest()), {
      code: 'generation-mismatch',
    })
    const [lock, ...more] = await nodeLocks(auth)
    assert.deepEqual(lock?.target, { kind: 'node', node: 'web-1' })
    assert.equal(more.length, 0)
    await assert.rejects(auth.nodeRenewal.renew(owner, newNodeRequest()), { code: 'node-locked' })
    await assert.rejects(auth.nodes.leave(owner), { code: 'node-locked' })
    await auth.nodes.requireCurrent(owner)
    await auth.locks.remove(LOCAL, lock?.id ?? '')
    await auth.nodeRenewal.renew(owner, newNodeRequest())
    const events = await auth.context.store.audit.list({ limit: 10, type: 'lock.create' })
    assert.equal(events[0]?.fields?.['presented_generation'], '1')
  })

  it('that arrives when its sender has long asked again, and renewed, locks nothing', async () => {
    await using auth = await openTestAuth()
    const connectedAt = auth.clock.monotonic()
    const first = nodeCallerOf(await joinNode(auth))
    const request = newNodeRequest()
    auth.clock.advance(1)
    const second = await auth.nodeRenewal.renew(first, request)
    const third = await auth.nodeRenewal.renew(nodeCallerOf(second), newNodeRequest())
    await auth.nodeRenewal.renew(nodeCallerOf(third), newNodeRequest())
    const late = auth.nodeRenewal.renew({ ...first, connectedAt }, request)
    await assert.rejects(late, { code: 'conflict' })
    assert.deepEqual(await nodeLocks(auth), [])
    // On a connection of now it is a second use.
    const now = auth.clock.monotonic()
    await assert.rejects(auth.nodeRenewal.renew({ ...first, connectedAt: now }, request), {
      code: 'generation-mismatch',
    })
    assert.equal((await nodeLocks(auth)).length, 1)
  })

  it('at the same time from two copies leaves one certificate and one lock', async () => {
    await using auth = await openTestAuth()
    const copy = nodeCallerOf(await joinNode(auth))
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => auth.nodeRenewal.renew(copy, newNodeRequest())),
    )
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.equal((await nodeLocks(auth)).length, 1)
  })

  it('never loses against a lock that was set after it had looked for one', async () => {
    await using auth = await openTestAuth()
    const identity = await joinNode(auth)
    const { store } = auth.context
    let looks = 0
    const list = async () => {
      const locks = await store.locks.list()
      if (looks++ === 0) {
        await auth.locks.create(LOCAL, { kind: 'node', node: 'web-1' }, { message: '' })
      }
      return locks
    }
    const slow = { ...store, locks: { ...store.locks, list } }
    const renewal = createNodeRenewal({ ...auth.context, ...auth, restores: [], store: slow })
    await assert.rejects(renewal.renew(nodeCallerOf(identity), newNodeRequest()), {
      code: 'node-locked',
    })
    assert.equal(looks, 2)
    assert.equal((await auth.nodes.get('web-1')).node.generation, 1n)
  })

  it('takes no name and no host that is, or came to be, another node’s', async () => {
    await using auth = await openTestAuth()
    const web = await joinNode(auth)
    await joinNode(auth, { name: 'db-1', hosts: ['db-1.example.com', '192.0.2.20'] })
    const hosts = ['web-1.example.com', 'db-1', 'db-1.example.com', '192.0.2.20', '192.0.2.30']
    const renewed = await auth.nodeRenewal.renew(nodeCallerOf(web), newNodeRequest({ hosts }))
    assert.deepEqual(parseCertificate(renewed.hostCertificate).validPrincipals, [
      'web-1',
      'web-1.example.com',
      '192.0.2.30',
    ])
    const [event] = await auth.context.store.audit.list({ limit: 1 })
    assert.equal(event?.fields?.['withheld_hosts'], 'db-1,db-1.example.com,192.0.2.20')
    await assert.rejects(
      auth.nodeRenewal.renew(nodeCallerOf(renewed), newNodeRequest({ name: 'db-1' })),
      { code: 'invalid-request' },
    )
  })

  it('says why it is refused', async () => {
    await using auth = await openTestAuth()
    const first = nodeCallerOf(await joinNode(auth))
    const refused = (code: string) =>
      assert.rejects(auth.nodeRenewal.renew(first, newNodeRequest()), { code })
    await auth.nodes.remove(LOCAL, 'web-1')
    await refused('node-removed')
    await joinNode(auth)
    await refused('instance-unknown')
    auth.clock.advance(7 * DAY)
    await refused('identity-expired')
  })
})

describe('nodes', () => {
  it('keep the labels that an administrator gave them', async () => {
    await using auth = await openTestAuth()
    const first = nodeCallerOf(await joinNode(auth))
    const { node } = await auth.nodes.update(LOCAL, 'web-1', { env: 'production' })
    assert.equal(node.labelsPinned, true)
    await auth.nodeRenewal.renew(first, newNodeRequest({ labels: { env: 'staging' } }))
    assert.deepEqual((await auth.nodes.get('web-1')).node.labels, { env: 'production' })
    await assert.rejects(auth.nodes.update(LOCAL, 'web-1', { env: '*' }), {
      code: 'invalid-request',
    })
    await assert.rejects(auth.nodes.update(LOCAL, 'nowhere', {}), { code: 'not-found' })
  })

  it('are removed, or leave, with their locks and sessions', async () => {
    await using auth = await openTestAuth()
    const first = nodeCallerOf(await joinNode(auth))
    await auth.locks.create(LOCAL, { kind: 'node', node: 'web-1' }, { message: '' })
    await auth.nodes.remove(LOCAL, 'web-1')
    assert.deepEqual(await auth.locks.list(), [])
    await assert.rejects(auth.nodes.requireCurrent(first), { code: 'node-removed' })
    const again = nodeCallerOf(await joinNode(auth))
    await auth.nodes.leave(again)
    const [event] = await auth.context.store.audit.list({ limit: 1 })
    assert.deepEqual([event?.type, event?.actor], ['node.leave', 'node:web-1'])
    await assert.rejects(auth.nodes.leave(again), { code: 'node-removed' })
  })

  it('know an outdated identity at every call', async () => {
    await using auth = await openTestAuth()
    const first = nodeCallerOf(await joinNode(auth))
    const second = nodeCallerOf(await auth.nodeRenewal.renew(first, newNodeRequest()))
    await auth.nodes.requireCurrent(first)
    await auth.nodeRenewal.renew(second, newNodeRequest())
    await auth.nodes.requireCurrent(second)
    await assert.rejects(auth.nodes.requireCurrent(first), { code: 'generation-mismatch' })
    assert.deepEqual(await nodeLocks(auth), [], 'only a renewal locks')
  })
})
