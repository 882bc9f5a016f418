import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import * as samples from '../../../test/contract/store-samples.ts'
import { LOCAL, openTestAuth, type TestAuth } from '../../../test/fakes/auth.ts'
import { ToldNode } from '../../../test/fakes/told-node.ts'
import { WakingClock } from '../../../test/fakes/waking-clock.ts'
import { MINUTE } from '../../base/clock.ts'
import { trustBundle } from '../issuing.ts'
import type { Change } from '../storage.ts'
import { openAccessBoard } from './board.ts'

function roleOf(name: string, logins: string, more = ''): string {
  return `kind: role
metadata: {name: ${name}}
spec:
  allow: {node_labels: {env: staging}, logins: [${logins}]}
${more}`
}

/** A node, and three bots with the same role; the first of them is in. */
async function open(): Promise<{ auth: TestAuth; instanceId: string; serial: bigint }> {
  const auth = await openTestAuth()
  await auth.roles.create(LOCAL, roleOf('deployer', 'deploy'))
  await auth.roles.create(LOCAL, roleOf('other', 'deploy'))
  for (const name of ['ci-1', 'ci-2', 'ci-3']) {
    await auth.bots.create(LOCAL, { name, roles: ['deployer'], token: {} })
  }
  const instance = samples.instance({ bot: 'ci-1' })
  const expiresAt = auth.clock.now() + 60 * MINUTE
  const certificate = samples.certificate({ bot: 'ci-1', instanceId: instance.id, expiresAt })
  await commit(
    auth,
    { kind: 'insert-node', node: samples.node({ labels: { env: 'staging' } }) },
    { kind: 'insert-instance', instance },
    { kind: 'insert-certificate', certificate },
    { kind: 'insert-session', session: session(instance.id) },
  )
  return { auth, instanceId: instance.id, serial: certificate.serial }
}

function session(instanceId: string) {
  return samples.session({ id: 's1', bot: 'ci-1', instanceId })
}

function commit({ context }: TestAuth, ...changes: readonly Change[]): Promise<void> {
  return context.store.commit({ changes, events: [] })
}

/** What the node hears of an act, after the first full update. */
async function hear(auth: TestAuth, act: () => Promise<unknown>): Promise<ToldNode> {
  await nextTurn()
  const node = new ToldNode()
  const stop = auth.board.watchNode('web-1', node)
  node.updates.shift()
  await act()
  await nextTurn()
  stop()
  return node
}

describe('a node hears', () => {
  it('of a locked bot: one member less, its serials, the lock, and its session', async () => {
    const { auth, serial } = await open()
    await using _ = auth
    const lock = () => auth.locks.lockBot(LOCAL, 'ci-1', { message: '' })
    const { updates } = await hear(auth, lock)
    const [update] = updates
    assert.equal(updates.length, 1)
    assert.deepEqual(update?.groups, [])
    assert.deepEqual(
      update?.memberships.map(({ added, removed }) => ({ added, removed })),
      [{ added: [], removed: ['bot:ci-1'] }],
    )
    assert.deepEqual(update?.revoked, [serial])
    assert.deepEqual(update?.endSessions, ['s1'])
    assert.equal(update?.locks?.length, 1)
    const unlock = () => auth.locks.unlockBot(LOCAL, 'ci-1')
    const [restored] = (await hear(auth, unlock)).updates
    assert.deepEqual(restored?.memberships[0]?.added, ['bot:ci-1'])
    assert.deepEqual(restored?.forgotten, [serial])
    assert.deepEqual(restored?.locks, [])
  })

  it('of a locked instance: its serials alone', async () => {
    const { auth, instanceId, serial } = await open()
    await using _ = auth
    const lock = () => auth.locks.create(LOCAL, { kind: 'instance', instanceId }, { message: '' })
    const [update] = (await hear(auth, lock)).updates
    assert.deepEqual(update?.revoked, [serial])
    assert.deepEqual(update?.memberships, [])
    assert.deepEqual(update?.endSessions, ['s1'])
  })

  it('of a role that parts it from other nodes: what has changed, as they do', async () => {
    const { auth } = await open()
    await using _ = auth
    const labels = { env: 'staging', tier: 'db' }
    await commit(auth, { kind: 'insert-node', node: samples.node({ name: 'db-1', labels }) })
    const other = new ToldNode()
    auth.board.watchNode('db-1', other)
    const [group = ''] = other.groups.keys()
    const narrow = roleOf('deployer', 'deploy').replace('staging', 'staging, tier: db')
    const { updates } = await hear(auth, () => auth.roles.update(LOCAL, narrow))
    assert.deepEqual(
      updates.map(({ full, removedGroups }) => ({ full, removedGroups })),
      [{ full: false, removedGroups: [group] }],
    )
    const wide = roleOf('deployer', 'deploy')
    const restored = await hear(auth, () => auth.roles.update(LOCAL, wide))
    assert.deepEqual(
      restored.updates.map(({ full, groups }) => [full, groups[0]?.principals?.length]),
      [[false, 3]],
    )
    assert.equal(other.updates.length, 1, 'for whom nothing has changed')
  })

  it('everything once it is unlocked, though a role parts nodes at that moment', async () => {
    const { auth } = await open()
    await using _ = auth
    const db = samples.node({ name: 'db-1', labels: { env: 'staging', tier: 'db' } })
    await commit(auth, { kind: 'insert-node', node: db })
    await auth.locks.create(LOCAL, { kind: 'node', node: 'web-1' }, { message: '' })
    const other = new ToldNode()
    auth.board.watchNode('db-1', other)
    const narrow = roleOf('deployer', 'deploy, root').replace('staging', 'staging, tier: db')
    const [lock] = await auth.context.store.locks.list()
    assert.ok(lock)
    const role = samples.role({ name: 'deployer', document: narrow, revision: 2 })
    const edit: Change = { kind: 'replace-role', role }
    const unlock: Change = { kind: 'delete-lock', id: lock.id }
    const { updates } = await hear(auth, () => commit(auth, edit, unlock))
    assert.deepEqual(
      updates.map(({ full }) => full),
      [true],
    )
    const logins = [...other.groups.values()].flatMap(({ grants }) => grants)
    assert.deepEqual(
      logins.map(({ login }) => login),
      ['deploy', 'root'],
    )
  })

  it('of a label only once a role asks about it', async () => {
    const { auth } = await open()
    await using _ = auth
    const relabel = () => auth.nodes.update(LOCAL, 'web-1', { env: 'staging', rack: 'r7' })
    assert.deepEqual((await hear(auth, relabel)).updates, [])
    const inRack = (rack: string) => roleOf('deployer', 'deploy').replace('env: staging', rack)
    const moved = await hear(auth, () => auth.roles.update(LOCAL, inRack('rack: r8')))
    assert.equal(moved.updates[0]?.removedGroups.length, 1)
    const back = await hear(auth, () => auth.roles.update(LOCAL, inRack('rack: r7')))
    assert.equal(back.updates[0]?.groups.length, 1)
  })

  it('of an edited role: the new grants, not who has them', async () => {
    const { auth } = await open()
    await using _ = auth
    const edit = () => auth.roles.update(LOCAL, roleOf('deployer', 'deploy, root'))
    const [update, ...more] = (await hear(auth, edit)).updates
    assert.equal(more.length, 0)
    assert.deepEqual(
      update?.groups.map(({ grants, principals }) => [
        grants.map(({ login }) => login),
        principals,
      ]),
      [[['deploy', 'root'], undefined]],
    )
    assert.deepEqual(update?.endSessions, [], 'an edit ends no session')
  })

  it('nothing of an edit that changes nothing for it', async () => {
    const { auth } = await open()
    await using _ = auth
    const { updates } = await hear(auth, () => auth.roles.update(LOCAL, roleOf('other', 'root')))
    assert.deepEqual(updates, [])
  })

  it('once of what happens in one turn, and not of what is undone in it', async () => {
    const { auth } = await open()
    await using _ = auth
    const lock = samples.lock({ target: { kind: 'bot', bot: 'ci-2' } })
    const { updates } = await hear(auth, () =>
      Promise.all([
        commit(auth, { kind: 'insert-lock', lock }),
        commit(auth, { kind: 'delete-lock', id: lock.id }),
        commit(auth, { kind: 'delete-bot', name: 'ci-3' }),
      ]),
    )
    assert.equal(updates.length, 1)
    assert.deepEqual(
      updates[0]?.memberships.flatMap(({ added, removed }) => [added, removed]),
      [[], ['bot:ci-3']],
    )
  })

  it('of a removed bot: its session is to end, even if it is made anew at once', async () => {
    const { auth, serial } = await open()
    await using _ = auth
    const node = await hear(auth, () =>
      commit(
        auth,
        { kind: 'delete-bot', name: 'ci-1' },
        { kind: 'insert-bot', bot: samples.bot({ name: 'ci-1' }) },
      ),
    )
    assert.deepEqual([...node.ending], ['s1'])
    assert.deepEqual([...node.revoked], [serial], 'the old certificate is not for the new bot')
    assert.ok(node.lines().some((line) => line.startsWith('deploy bot:ci-1 ')))
  })

  it('that it is gone, even if a node of its name joins at once', async () => {
    const { auth } = await open()
    await using _ = auth
    const node = await hear(auth, () =>
      commit(
        auth,
        { kind: 'delete-node', name: 'web-1' },
        { kind: 'insert-node', node: samples.node({ labels: { env: 'staging' } }) },
      ),
    )
    assert.ok(node.isGone)
    assert.deepEqual(node.lines(), [], 'nothing is granted by a node that was removed')
  })

  it('of a locked role: what it granted is gone; the session ends when nothing else grants it', async () => {
    const { auth } = await open()
    await using _ = auth
    await auth.bots.update(LOCAL, 'ci-1', ['deployer', 'other'])
    const lock = () => auth.locks.create(LOCAL, { kind: 'role', role: 'deployer' }, { message: '' })
    const locked = await hear(auth, lock)
    assert.deepEqual([...locked.ending], [], 'the other role still grants it')
    assert.equal(locked.lines().length, 1)
    const edit = () => auth.roles.update(LOCAL, roleOf('other', 'root'))
    assert.deepEqual([...(await hear(auth, edit)).ending], ['s1'])
  })

  it('of a role that is made anew after its lock went with it', async () => {
    const { auth } = await open()
    await using _ = auth
    await auth.roles.create(LOCAL, roleOf('third', 'root'))
    await auth.locks.create(LOCAL, { kind: 'role', role: 'third' }, { message: '' })
    await auth.roles.remove(LOCAL, 'third')
    await auth.roles.create(LOCAL, roleOf('third', 'root'))
    const node = await hear(auth, () => auth.bots.update(LOCAL, 'ci-2', ['third']))
    assert.ok(node.lines().some((line) => line.startsWith('root bot:ci-2 ')))
  })

  it('the same object as every other node with its labels', async () => {
    const { auth } = await open()
    await using _ = auth
    const other = samples.node({ name: 'web-2', labels: { env: 'staging' } })
    await commit(auth, { kind: 'insert-node', node: other })
    const second = new ToldNode()
    const stop = auth.board.watchNode('web-2', second)
    const [update] = (await hear(auth, () => auth.locks.lockBot(LOCAL, 'ci-2', { message: '' })))
      .updates
    stop()
    assert.equal(second.updates.at(-1), update)
  })
})

/** The store's commits take real time, so waiting does too; the bound is only for a test that fails. */
async function until(condition: () => boolean): Promise<void> {
  for (let waits = 0; !condition(); waits++) {
    assert.ok(waits < 10_000, 'it never comes to that')
    await delay(1)
  }
}

describe('the board by itself', () => {
  it('ends a lock when its time is over, and forgets certificates that expired', async () => {
    const { auth, serial } = await open()
    await using _ = auth
    const clock = new WakingClock(auth.clock.now())
    const { store } = auth.context
    const trust = () => trustBundle(auth.context)
    const board = await openAccessBoard({ store, clock, trust })
    const stopping = new AbortController()
    const running = board.run(stopping.signal)
    const node = new ToldNode()
    board.watchNode('web-1', node)
    await commit(auth, {
      kind: 'insert-lock',
      lock: samples.lock({
        target: { kind: 'bot', bot: 'ci-1' },
        expiresAt: clock.now() + 10_000,
      }),
    })
    await until(() => clock.sleeping > 0 && node.revoked.size > 0)
    clock.advance(9_999)
    await nextTurn()
    assert.deepEqual([...node.revoked], [serial])
    clock.advance(1)
    await until(() => node.revoked.size === 0)
    assert.equal(node.lines().length, 3)

    await commit(auth, { kind: 'delete-bot', name: 'ci-1' })
    await until(() => node.revoked.size > 0)
    for (let minute = 0; minute < 71; minute++) {
      await until(() => clock.sleeping > 0)
      clock.advance(MINUTE)
    }
    await until(() => node.revoked.size === 0)
    assert.deepEqual(await store.certificates.list(0), [])
    stopping.abort()
    await running
    board.close()
  })
})

describe('checkAccess', () => {
  const more = '  options: {force_command: /bin/true}\n  deny: {logins: [root]}\n'
  const cases: readonly (readonly [
    title: string,
    prepare: (auth: TestAuth) => Promise<unknown>,
    login: string,
    effect: string,
    reason: RegExp,
  ])[] = [
    ['a grant', async () => {}, 'deploy', 'allow', /^allowed by role "deployer"$/],
    ['what no role allows', async () => {}, 'backup', 'none', /no role .* "backup"/],
    [
      'a denied login',
      (auth) => auth.roles.update(LOCAL, roleOf('deployer', 'deploy, root', more)),
      'root',
      'deny',
      /^role "deployer" denies the login "root" everywhere$/,
    ],
    [
      'a denied node',
      (auth) =>
        auth.roles.update(LOCAL, roleOf('deployer', 'deploy', '  deny: {node_labels: {env: "*"}}')),
      'deploy',
      'deny',
      /denies every login on nodes with these labels/,
    ],
    [
      'a locked bot',
      (auth) => auth.locks.lockBot(LOCAL, 'ci-1', { message: 'incident 7' }),
      'deploy',
      'lock',
      /^bot "ci-1" is locked: incident 7$/,
    ],
    [
      'a locked node',
      (auth) => auth.locks.create(LOCAL, { kind: 'node', node: 'web-1' }, { message: '' }),
      'deploy',
      'lock',
      /^node "web-1" is locked$/,
    ],
    [
      'a locked role',
      (auth) => auth.locks.create(LOCAL, { kind: 'role', role: 'deployer' }, { message: '' }),
      'deploy',
      'lock',
      /^role "deployer" is locked$/,
    ],
    [
      'a locked login',
      (auth) => auth.locks.create(LOCAL, { kind: 'login', login: 'deploy' }, { message: '' }),
      'deploy',
      'lock',
      /^login "deploy" is locked$/,
    ],
    [
      'a lock that makes no difference',
      (auth) => auth.locks.lockBot(LOCAL, 'ci-1', { message: '' }),
      'backup',
      'none',
      /no role/,
    ],
  ]
  for (const [title, prepare, login, effect, reason] of cases) {
    it(`names ${title}`, async () => {
      const { auth } = await open()
      await using _ = auth
      await prepare(auth)
      const decision = auth.board.checkAccess('ci-1', 'web-1', login)
      assert.equal(decision.effect, effect)
      assert.match(decision.reason, reason)
    })
  }

  it('refuses what there is not', async () => {
    const { auth } = await open()
    await using _ = auth
    assert.throws(() => auth.board.checkAccess('nobody', 'web-1', 'x'), { code: 'not-found' })
    assert.throws(() => auth.board.checkAccess('ci-1', 'nowhere', 'x'), { code: 'not-found' })
    assert.throws(() => auth.board.watchNode('nowhere', new ToldNode()), { code: 'not-found' })
  })
})
