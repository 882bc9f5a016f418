import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { LOCAL, openTestAuth, type TestAuth } from '../../test/fakes/auth.ts'
import { joinNode, newNodeRequest, nodeCallerOf } from '../../test/fakes/nodes.ts'
import { ToldNode } from '../../test/fakes/told-node.ts'
import { MINUTE } from '../base/clock.ts'
import type { SessionEvent } from './sessions.ts'

const INSTANCE = '3f6d2c1e-0000-4000-8000-000000000001'

function started(auth: TestAuth, changes: object = {}): SessionEvent {
  return {
    kind: 'start',
    id: 's1',
    time: auth.clock.now(),
    login: 'deploy',
    bot: 'ci',
    instanceId: INSTANCE,
    certificateSerial: 7n,
    address: '192.0.2.7',
    ...changes,
  }
}

function ended(auth: TestAuth): SessionEvent {
  return { kind: 'end', id: 's1', time: auth.clock.now(), reason: 'closed' }
}

async function events(auth: TestAuth, bot = 'ci') {
  const all = await auth.context.store.audit.list({ limit: 100, bot })
  return all.map(({ type }) => type).reverse()
}

describe('sessions', () => {
  it('are live from their start to their end, and both are audited', async () => {
    await using auth = await openTestAuth()
    const node = nodeCallerOf(await joinNode(auth))
    await auth.sessions.report(node, [started(auth)])
    const [session, ...more] = await auth.sessions.list({})
    assert.equal(more.length, 0)
    assert.deepEqual([session?.node, session?.id, session?.login], ['web-1', 's1', 'deploy'])
    assert.deepEqual(await auth.sessions.list({ bot: 'other' }), [])
    assert.equal((await auth.status()).sessions, 1)
    auth.clock.advance(90 * MINUTE)
    await auth.sessions.report(node, [ended(auth)])
    assert.deepEqual(await auth.sessions.list({}), [])
    const [end] = await auth.context.store.audit.list({ limit: 1 })
    assert.deepEqual(
      [end?.type, end?.actor, end?.bot, end?.instanceId],
      ['session.end', 'node:web-1', 'ci', INSTANCE],
    )
    assert.deepEqual(end?.fields, {
      session: 'web-1/s1',
      node: 'web-1',
      login: 'deploy',
      serial: '7',
      client_address: '192.0.2.7',
      started_at: '2026-03-24T14:00:00Z',
      ended_at: '2026-03-24T15:30:00Z',
      duration: '1h30m',
      reason: 'closed',
    })
  })

  it('count once however often they are reported, at once or after their end', async () => {
    await using auth = await openTestAuth()
    const node = nodeCallerOf(await joinNode(auth))
    const report = [started(auth), ended(auth)]
    await Promise.all([1, 2, 3].map(() => auth.sessions.report(node, report)))
    await auth.sessions.report(node, report)
    assert.deepEqual(await events(auth), ['session.start', 'session.end'])
    assert.deepEqual(await auth.sessions.list({}), [])
    const other = nodeCallerOf(await joinNode(auth, { name: 'web-2', hosts: ['web-2'] }))
    await auth.sessions.report(other, [started(auth)])
    assert.equal((await auth.sessions.list({})).length, 1, 'another node may use the identifier')
  })

  it('are refused whole when one of their events can’t be', async () => {
    await using auth = await openTestAuth()
    const node = nodeCallerOf(await joinNode(auth))
    const bad = [
      { id: '' },
      { id: 'a/b' },
      { time: Number.NaN },
      { login: 'not a login' },
      { bot: '../x' },
      { instanceId: 'x' },
      { certificateSerial: 0n },
      { address: 'evil\n' },
    ]
    for (const changes of bad) {
      const report = [started(auth, { id: 'good' }), started(auth, changes)]
      await assert.rejects(auth.sessions.report(node, report), { code: 'invalid-request' })
    }
    assert.deepEqual(await auth.sessions.list({}), [])
  })

  it('are reported by the node as it is now, and by no copy of it from before', async () => {
    await using auth = await openTestAuth()
    let node = nodeCallerOf(await joinNode(auth))
    const old = node
    for (let n = 0; n < 2; n++) {
      node = nodeCallerOf(await auth.nodeRenewal.renew(node, newNodeRequest()))
    }
    await assert.rejects(auth.sessions.report(old, [started(auth)]), {
      code: 'generation-mismatch',
    })
  })

  it('end at an administrator’s wish, which their node is told', async () => {
    await using auth = await openTestAuth()
    const node = nodeCallerOf(await joinNode(auth))
    await auth.sessions.report(node, [started(auth)])
    await assert.rejects(auth.sessions.end(LOCAL, 'web-1/s2'), { code: 'not-found' })
    await assert.rejects(auth.sessions.end(LOCAL, 's1'), { code: 'not-found' })
    await assert.rejects(auth.sessions.end(LOCAL, 'web-1/s1'), { code: 'node-offline' })
    const told = new ToldNode()
    const stop = auth.board.watchNode('web-1', told)
    assert.equal((await auth.status()).nodesOnline, 1)
    assert.equal((await auth.nodes.get('web-1')).isOnline, true)
    // The bot isn't there, so the session is to end already.
    assert.deepEqual([...told.ending], ['s1'])
    stop()
    assert.equal((await auth.status()).nodesOnline, 0)
  })

  it('of a bot that is there end when they are asked to, and not before', async () => {
    await using auth = await openTestAuth()
    const document =
      'kind: role\nmetadata: {name: r}\nspec:\n  allow: {node_labels: {"*": "*"}, logins: [deploy]}\n'
    await auth.roles.create(LOCAL, document)
    await auth.bots.create(LOCAL, { name: 'ci', roles: ['r'], token: {} })
    const node = nodeCallerOf(await joinNode(auth))
    await auth.sessions.report(node, [started(auth)])
    const told = new ToldNode()
    auth.board.watchNode('web-1', told)
    assert.deepEqual([...told.ending], [])
    await auth.sessions.end(LOCAL, 'web-1/s1')
    await nextTurn()
    assert.deepEqual([...told.ending], ['s1'])
    const [event] = await auth.context.store.audit.list({ limit: 1 })
    assert.equal(event?.type, 'session.terminate')
  })

  it('end with their node, and the log says so', async () => {
    await using auth = await openTestAuth()
    const node = nodeCallerOf(await joinNode(auth))
    await auth.sessions.report(node, [started(auth)])
    await auth.nodes.remove(LOCAL, 'web-1')
    assert.deepEqual(await auth.sessions.list({}), [])
    const [, end] = await auth.context.store.audit.list({ limit: 2 })
    assert.deepEqual([end?.type, end?.fields?.['reason']], ['session.end', 'node-removed'])
  })
})
