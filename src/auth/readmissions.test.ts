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
import { joinNode, newNodeRequest, nodeCallerOf } from '../../test/fakes/nodes.ts'
import { DAY, MINUTE } from '../base/clock.ts'
import type { BotCaller } from './caller.ts'
import type { IssuedIdentity } from './issuing.ts'

const BOT = 'github-deploy'
const EXPIRED = { code: 'identity-expired' }

async function joinAs(auth: TestAuth, name: string): Promise<IssuedIdentity> {
  const { token } = await auth.bots.create(LOCAL, { name, roles: ['ci-deployer'], token: {} })
  return auth.joining.join(STRANGER, token.value, newRequest())
}

/** A bot whose one instance has expired. */
async function expired(auth: TestAuth): Promise<BotCaller> {
  await auth.roles.create(LOCAL, DEPLOYER)
  const caller = callerOf(await joinAs(auth, BOT))
  auth.clock.advance(DAY)
  return caller
}

function readmit(auth: TestAuth, ttl?: number, ...instanceIds: readonly string[]) {
  return auth.readmissions.grantToBot(LOCAL, BOT, { instanceIds, ttl })
}

async function locksOf(auth: TestAuth): Promise<number> {
  return (await auth.bots.get(BOT)).locks.length
}

describe('a readmitted identity', () => {
  it('is renewed once, goes on as the same instance, and both ends are in the audit log', async () => {
    await using auth = await openTestAuth()
    const bot = await expired(auth)
    await assert.rejects(auth.renewal.renew(bot, newRequest()), {
      ...EXPIRED,
      hint: new RegExp(`mezctl bots readmit ${BOT} --instance=${bot.instanceId}`),
    })
    const [readmission] = await readmit(auth)
    assert.equal(readmission?.expiresAt, auth.clock.now() + 10 * MINUTE)
    const next = await auth.renewal.renew(bot, newRequest())
    assert.deepEqual([next.instanceId, next.generation], [bot.instanceId, 2n])
    await auth.renewal.renew(callerOf(next), newRequest())
    const events = await auth.context.store.audit.list({ limit: 4, bot: BOT })
    assert.deepEqual(
      events.map(({ type, actor, instanceId }) => [type, actor, instanceId]),
      [
        ['bot.renew', `bot:${BOT}`, bot.instanceId],
        ['bot.renew', `bot:${BOT}`, bot.instanceId],
        ['readmission.use', `bot:${BOT}`, bot.instanceId],
        ['readmission.create', 'local', bot.instanceId],
      ],
    )
    const { readmissions, instances } = await auth.bots.get(BOT)
    assert.deepEqual([readmissions[0]?.usedAt, instances.length], [auth.clock.now(), 1])
    auth.clock.advance(10 * MINUTE)
    assert.deepEqual((await auth.bots.get(BOT)).readmissions, [])
  })

  it('asks again for the same keys when the answer was lost', async () => {
    await using auth = await openTestAuth()
    const bot = await expired(auth)
    await readmit(auth)
    const request = newRequest()
    for (let times = 0; times < 3; times++) {
      assert.equal((await auth.renewal.renew(bot, request)).generation, 2n)
    }
    assert.equal(await locksOf(auth), 0)
  })

  it('is given the answer that was lost before it expired', async () => {
    await using auth = await openTestAuth()
    await auth.roles.create(LOCAL, DEPLOYER)
    const bot = callerOf(await joinAs(auth, BOT))
    const request = newRequest()
    await auth.renewal.renew(bot, request)
    auth.clock.advance(2 * DAY)
    await assert.rejects(auth.renewal.renew(bot, request), EXPIRED)
    await readmit(auth)
    assert.equal((await auth.renewal.renew(bot, request)).generation, 2n)
    const { readmissions } = await auth.bots.get(BOT)
    assert.equal(readmissions[0]?.usedAt, auth.clock.now())
  })

  it('goes on from a generation that a restored store has not seen', async () => {
    await using auth = await openTestAuth()
    await auth.roles.create(LOCAL, DEPLOYER)
    let identity = await joinAs(auth, BOT)
    const { store } = auth.context
    const before = await store.instances.get(identity.instanceId)
    for (let n = 0; n < 3; n++)
      identity = await auth.renewal.renew(callerOf(identity), newRequest())
    const now = await store.instances.get(identity.instanceId)
    assert.ok(before && now)
    await store.commit({
      changes: [{ kind: 'replace-instance', expected: now, instance: before }],
      events: [],
    })
    auth.clock.advance(2 * DAY)
    await readmit(auth)
    assert.equal((await auth.renewal.renew(callerOf(identity), newRequest())).generation, 5n)
  })
})

describe('somebody with an expired identity', () => {
  it('is refused after the window, before it, and when it was cancelled', async () => {
    await using auth = await openTestAuth()
    const bot = await expired(auth)
    await readmit(auth, 5 * MINUTE)
    auth.clock.advance(5 * MINUTE)
    await assert.rejects(auth.renewal.renew(bot, newRequest()), EXPIRED)
    await readmit(auth)
    assert.equal((await auth.readmissions.cancelForBot(LOCAL, BOT, [])).length, 1)
    assert.equal((await auth.readmissions.cancelForBot(LOCAL, BOT, [])).length, 0)
    await assert.rejects(auth.renewal.renew(bot, newRequest()), EXPIRED)
    assert.equal(await locksOf(auth), 0)
  })

  it('gets nothing from the readmission of another instance, bot or node', async () => {
    await using auth = await openTestAuth()
    await auth.roles.create(LOCAL, DEPLOYER)
    const other = callerOf(await joinAs(auth, 'other'))
    const node = nodeCallerOf(await joinNode(auth))
    const bot = callerOf(await joinAs(auth, BOT))
    const { token } = await auth.bots.rotateToken(LOCAL, BOT, {})
    const second = callerOf(await auth.joining.join(STRANGER, token.value, newRequest()))
    auth.clock.advance(8 * DAY)
    await readmit(auth, undefined, bot.instanceId)
    for (const stranger of [
      second,
      other,
      // No such certificate is ever issued; the names have to match all the same.
      { ...other, instanceId: bot.instanceId },
    ]) {
      await assert.rejects(auth.renewal.renew(stranger, newRequest()), EXPIRED)
    }
    await assert.rejects(auth.nodeRenewal.renew(node, newNodeRequest()), EXPIRED)
    await assert.rejects(
      auth.nodeRenewal.renew({ ...node, instanceId: bot.instanceId }, newNodeRequest()),
      EXPIRED,
    )
    await auth.renewal.renew(bot, newRequest())
  })

  it('of a removed bot gets in by no readmission of before', async () => {
    await using auth = await openTestAuth()
    const bot = await expired(auth)
    await readmit(auth)
    await auth.bots.remove(LOCAL, BOT)
    await assert.rejects(auth.renewal.renew(bot, newRequest()), EXPIRED)
    await auth.bots.create(LOCAL, { name: BOT, roles: ['ci-deployer'], token: {} })
    await assert.rejects(auth.renewal.renew(bot, newRequest()), EXPIRED)
    await assert.rejects(readmit(auth, undefined, bot.instanceId), { code: 'not-found' })
  })

  it('of a locked instance waits for the unlock, and is not readmitted before it', async () => {
    await using auth = await openTestAuth()
    const bot = await expired(auth)
    await readmit(auth)
    const { instanceId } = bot
    const lock = await auth.locks.create(LOCAL, { kind: 'instance', instanceId }, { message: '' })
    await assert.rejects(auth.renewal.renew(bot, newRequest()), { code: 'instance-locked' })
    await assert.rejects(readmit(auth), { code: 'instance-locked' })
    await auth.locks.remove(LOCAL, lock.id)
    await auth.renewal.renew(bot, newRequest())
  })

  it('can not use it a second time, when the new identity has expired as well', async () => {
    await using auth = await openTestAuth()
    const bot = await expired(auth)
    await readmit(auth, DAY)
    const next = callerOf(await auth.renewal.renew(bot, newRequest()))
    const early = { ...next, expiresAt: auth.clock.now() }
    await assert.rejects(auth.renewal.renew(early, newRequest()), EXPIRED)
    assert.equal(await locksOf(auth), 0)
  })

  it('of an older generation is found out: the instance is locked, the readmission over', async () => {
    await using auth = await openTestAuth()
    await auth.roles.create(LOCAL, DEPLOYER)
    const old = callerOf(await joinAs(auth, BOT))
    const newest = callerOf(await auth.renewal.renew(old, newRequest()))
    auth.clock.advance(2 * DAY)
    await assert.rejects(auth.renewal.renew(old, newRequest()), EXPIRED)
    assert.equal(await locksOf(auth), 0, 'without a readmission it is good for nothing')
    await readmit(auth)
    await assert.rejects(auth.renewal.renew(old, newRequest()), { code: 'generation-mismatch' })
    await assert.rejects(auth.renewal.renew(newest, newRequest()), EXPIRED)
    assert.equal(await locksOf(auth), 1)
    await auth.locks.unlockBot(LOCAL, BOT)
    await assert.rejects(auth.renewal.renew(newest, newRequest()), EXPIRED)
    await readmit(auth)
    await auth.renewal.renew(newest, newRequest())
  })

  it('who was first is found out when the rightful one tries', async () => {
    await using auth = await openTestAuth()
    const both = await expired(auth)
    await readmit(auth)
    const first = callerOf(await auth.renewal.renew(both, newRequest()))
    await assert.rejects(auth.renewal.renew(both, newRequest()), { code: 'generation-mismatch' })
    await assert.rejects(auth.renewal.renew(first, newRequest()), { code: 'instance-locked' })
    assert.deepEqual((await auth.bots.get(BOT)).readmissions, [])
  })

  it('at the same time from two copies gets one certificate and a lock', async () => {
    await using auth = await openTestAuth()
    const copy = await expired(auth)
    await readmit(auth)
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => auth.renewal.renew(copy, newRequest())),
    )
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.equal(await locksOf(auth), 1)
  })

  it('never wins against a cancellation that has returned', async () => {
    await using auth = await openTestAuth()
    let bot = await expired(auth)
    for (let round = 0; round < 20; round++) {
      await readmit(auth)
      const renewal = auth.renewal.renew(bot, newRequest())
      const cancelled = auth.readmissions.cancelForBot(LOCAL, BOT, [])
      const [outcome] = await Promise.allSettled([renewal, cancelled])
      const [last] = await auth.context.store.audit.list({ limit: 1, bot: BOT })
      if (outcome.status === 'fulfilled') {
        assert.equal(last?.type, 'readmission.remove')
        bot = callerOf(outcome.value)
        auth.clock.advance(DAY)
      }
      await assert.rejects(auth.renewal.renew(bot, newRequest()), EXPIRED)
    }
    assert.equal(await locksOf(auth), 0)
  })
})

describe('readmitting', () => {
  it('means the one instance that has expired, and asks where that is not clear', async () => {
    await using auth = await openTestAuth()
    await auth.roles.create(LOCAL, DEPLOYER)
    const first = callerOf(await joinAs(auth, BOT))
    await assert.rejects(readmit(auth), { code: 'invalid-request', message: /no identity of bot/ })
    auth.clock.advance(DAY)
    const { token } = await auth.bots.rotateToken(LOCAL, BOT, {})
    const second = callerOf(await auth.joining.join(STRANGER, token.value, newRequest()))
    const [only, ...more] = await readmit(auth)
    assert.deepEqual([only?.target.instanceId, more.length], [first.instanceId, 0])
    auth.clock.advance(DAY)
    await assert.rejects(readmit(auth), {
      code: 'invalid-request',
      message: new RegExp(`2 instances .* ${second.instanceId} \\(ci-7\\), ${first.instanceId}`),
    })
    const both = await readmit(auth, undefined, first.instanceId, second.instanceId)
    assert.equal(both.length, 2)
    assert.equal((await auth.readmissions.cancelForBot(LOCAL, BOT, [first.instanceId])).length, 1)
    assert.deepEqual(
      (await auth.bots.get(BOT)).readmissions.map(({ target }) => target.instanceId),
      [second.instanceId],
    )
  })

  it('is refused for what is not there, and for more than a day', async () => {
    await using auth = await openTestAuth()
    await expired(auth)
    const options = { instanceIds: [], ttl: undefined }
    const missing = { code: 'not-found' }
    await assert.rejects(auth.readmissions.grantToBot(LOCAL, 'nobody', options), missing)
    await assert.rejects(readmit(auth, undefined, 'nothing'), missing)
    await assert.rejects(auth.readmissions.cancelForBot(LOCAL, 'nobody', []), missing)
    await assert.rejects(auth.readmissions.grantToNode(LOCAL, 'nowhere', {}), missing)
    await assert.rejects(auth.readmissions.cancelForNode(LOCAL, 'nowhere'), missing)
    await assert.rejects(readmit(auth, DAY + 1), { code: 'invalid-request' })
  })
})

describe('a readmitted node', () => {
  it('renews once and stays the same node; a copy locks it', async () => {
    await using auth = await openTestAuth()
    const node = nodeCallerOf(await joinNode(auth))
    auth.clock.advance(8 * DAY)
    await assert.rejects(auth.nodeRenewal.renew(node, newNodeRequest()), {
      ...EXPIRED,
      hint: /mezctl nodes readmit web-1/,
    })
    await auth.readmissions.grantToNode(LOCAL, 'web-1', {})
    const request = newNodeRequest()
    const next = await auth.nodeRenewal.renew(node, request)
    assert.deepEqual([next.instanceId, next.generation], [node.instanceId, 2n])
    await auth.nodeRenewal.renew(node, request)
    assert.equal((await auth.nodes.get('web-1')).readmission?.usedAt, auth.clock.now())
    await assert.rejects(auth.nodeRenewal.renew(node, newNodeRequest()), {
      code: 'generation-mismatch',
    })
    assert.equal((await auth.nodes.get('web-1')).readmission, undefined)
    await assert.rejects(auth.readmissions.grantToNode(LOCAL, 'web-1', {}), { code: 'node-locked' })
  })

  it('is not one that has joined anew since', async () => {
    await using auth = await openTestAuth()
    const old = nodeCallerOf(await joinNode(auth))
    auth.clock.advance(8 * DAY)
    await auth.readmissions.grantToNode(LOCAL, 'web-1', {})
    await auth.nodes.remove(LOCAL, 'web-1')
    await joinNode(auth)
    await assert.rejects(auth.nodeRenewal.renew(old, newNodeRequest()), EXPIRED)
  })

  it('can not renew once it is cancelled', async () => {
    await using auth = await openTestAuth()
    const node = nodeCallerOf(await joinNode(auth))
    auth.clock.advance(8 * DAY)
    await auth.readmissions.grantToNode(LOCAL, 'web-1', {})
    assert.equal((await auth.readmissions.cancelForNode(LOCAL, 'web-1')).length, 1)
    assert.equal((await auth.readmissions.cancelForNode(LOCAL, 'web-1')).length, 0)
    await assert.rejects(auth.nodeRenewal.renew(node, newNodeRequest()), EXPIRED)
  })
})
