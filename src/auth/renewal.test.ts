import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  callerOf,
  DEPLOYER,
  drawIdentityKey,
  LOCAL,
  newRequest,
  openTestAuth,
  STRANGER,
  type TestAuth,
} from '../../test/fakes/auth.ts'
import { DAY, MINUTE } from '../base/clock.ts'
import type { IssuedIdentity } from './issuing.ts'

const BOT = 'github-deploy'

async function joined(auth: TestAuth): Promise<IssuedIdentity> {
  await auth.roles.create(LOCAL, DEPLOYER)
  const { token } = await auth.bots.create(LOCAL, { name: BOT, roles: ['ci-deployer'], token: {} })
  return auth.joining.join(STRANGER, token.value, newRequest())
}

describe('a renewal', () => {
  it('advances the generation and leaves an event', async () => {
    await using auth = await openTestAuth()
    let identity = await joined(auth)
    for (let generation = 2n; generation <= 5n; generation++) {
      auth.clock.advance(20 * MINUTE)
      identity = await auth.renewal.renew(callerOf(identity), newRequest())
      assert.equal(identity.generation, generation)
    }
    const events = await auth.context.store.audit.list({ limit: 10, type: 'bot.renew' })
    assert.deepEqual(
      events.map(({ fields }) => fields?.['generation']),
      ['5', '4', '3', '2'],
    )
  })

  it('repeats for the same keys after a lost reply, as often as it is asked', async () => {
    await using auth = await openTestAuth()
    const first = callerOf(await joined(auth))
    const request = newRequest()
    for (let attempt = 0; attempt < 3; attempt++) {
      const issued = await auth.renewal.renew(first, request)
      assert.equal(issued.generation, 2n)
    }
    const { locks, instances } = await auth.bots.get(BOT)
    assert.equal(locks.length, 0)
    assert.equal(instances[0]?.generation, 2n)
  })

  it('is had so often and no more, and the next one when it is due', async () => {
    await using auth = await openTestAuth()
    let identity = await joined(auth)
    const before = await auth.context.store.audit.count()
    await assert.rejects(
      async () => {
        for (;;) identity = await auth.renewal.renew(callerOf(identity), newRequest())
      },
      { code: 'rate-limited', hint: /wait 1 s/, retryAfterMs: 1_000 },
    )
    assert.equal(identity.generation, 61n)
    assert.equal((await auth.context.store.audit.count()) - before, 61)
    auth.clock.advance(1_000)
    identity = await auth.renewal.renew(callerOf(identity), newRequest())
    assert.equal(identity.generation, 62n)
  })

  it('that arrives when its sender has long asked again, and renewed, locks nothing', async () => {
    await using auth = await openTestAuth()
    const connectedAt = auth.clock.monotonic()
    const first = callerOf(await joined(auth))
    const request = newRequest()
    auth.clock.advance(1)
    const second = await auth.renewal.renew(first, request)
    const third = await auth.renewal.renew(callerOf(second), newRequest())
    await auth.renewal.renew(callerOf(third), newRequest())
    const late = auth.renewal.renew({ ...first, connectedAt }, request)
    await assert.rejects(late, { code: 'conflict' })
    assert.deepEqual((await auth.bots.get(BOT)).locks, [])
    // On a connection of now it is a second use.
    const now = auth.clock.monotonic()
    await assert.rejects(auth.renewal.renew({ ...first, connectedAt: now }, request), {
      code: 'generation-mismatch',
    })
    assert.equal((await auth.bots.get(BOT)).locks.length, 1)
  })

  it('at the same time from two copies leaves one certificate and a lock', async () => {
    await using auth = await openTestAuth()
    const copy = callerOf(await joined(auth))
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => auth.renewal.renew(copy, newRequest())),
    )
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.equal((await auth.bots.get(BOT)).locks.length, 1)
  })

  it('goes on from a generation that the restored store has not seen', async () => {
    await using auth = await openTestAuth()
    const old = await joined(auth)
    const before = await auth.context.store.instances.get(old.instanceId)
    assert.ok(before)
    let identity = old
    for (let n = 0; n < 3; n++)
      identity = await auth.renewal.renew(callerOf(identity), newRequest())
    const now = await auth.context.store.instances.get(old.instanceId)
    assert.ok(now)
    await auth.context.store.commit({
      changes: [{ kind: 'replace-instance', expected: now, instance: before }],
      events: [],
    })
    const issued = await auth.renewal.renew(callerOf(identity), newRequest())
    assert.equal(issued.generation, 5n)
    const [event] = await auth.context.store.audit.list({ limit: 1 })
    assert.equal(event?.fields?.['recovered_from_generation'], '1')
  })
})

describe('a stolen copy', () => {
  it('is locked at its first use after the owner has renewed; the owner is let in again', async () => {
    await using auth = await openTestAuth()
    const stolen = callerOf(await joined(auth))
    const owner = await auth.renewal.renew(stolen, newRequest())
    await assert.rejects(auth.renewal.renew(stolen, newRequest()), { code: 'generation-mismatch' })
    await assert.rejects(auth.renewal.renew(callerOf(owner), newRequest()), {
      code: 'instance-locked',
    })
    const [lock] = await auth.locks.list()
    assert.deepEqual(lock?.target, { kind: 'instance', bot: BOT, instanceId: owner.instanceId })
    await auth.locks.unlockBot(LOCAL, BOT)
    assert.equal((await auth.renewal.renew(callerOf(owner), newRequest())).generation, 3n)
    await assert.rejects(auth.renewal.renew(stolen, newRequest()), { code: 'generation-mismatch' })
  })

  it("that renewed first is found at the owner's next renewal; a lock holds both", async () => {
    await using auth = await openTestAuth()
    const owner = callerOf(await joined(auth))
    const thief = await auth.renewal.renew(owner, newRequest())
    await assert.rejects(auth.renewal.renew(owner, newRequest()), { code: 'generation-mismatch' })
    await assert.rejects(auth.renewal.renew(callerOf(thief), newRequest()), {
      code: 'instance-locked',
    })
  })

  it('says in the audit log which bot, instance and generations', async () => {
    await using auth = await openTestAuth()
    const stolen = callerOf(await joined(auth))
    await auth.renewal.renew(stolen, newRequest())
    await assert.rejects(auth.renewal.renew(stolen, newRequest()))
    const [event] = await auth.context.store.audit.list({ limit: 1, type: 'lock.create' })
    assert.equal(event?.bot, BOT)
    assert.equal(event?.instanceId, stolen.instanceId)
    assert.equal(event?.actor, 'hub')
    assert.equal(event?.fields?.['stored_generation'], '2')
    assert.equal(event?.fields?.['presented_generation'], '1')
  })

  it('gains nothing from asking for the public keys that its owner asked for', async () => {
    await using auth = await openTestAuth()
    const stolen = callerOf(await joined(auth))
    const request = newRequest()
    await auth.renewal.renew(stolen, request)
    const { sshPublicKey } = request
    const forged = [
      { ...request, keyProof: newRequest({ sshPublicKey }).keyProof },
      { ...request, sshPublicKey: newRequest().sshPublicKey },
      { ...request, keyProof: Buffer.alloc(0) },
    ]
    for (const each of forged) {
      await assert.rejects(auth.renewal.renew(stolen, each), { code: 'invalid-request' })
    }
    await auth.renewal.renew(stolen, request)
  })

  it('gains nothing from repeating for another SSH key, though it holds the identity key', async () => {
    await using auth = await openTestAuth()
    const stolen = callerOf(await joined(auth))
    const key = drawIdentityKey()
    await auth.renewal.renew(stolen, newRequest({}, key))
    await assert.rejects(auth.renewal.renew(stolen, newRequest({}, key)), {
      code: 'generation-mismatch',
    })
  })
})

describe('a refused renewal', () => {
  it('of a locked bot waits for the unlock', async () => {
    await using auth = await openTestAuth()
    const bot = callerOf(await joined(auth))
    await auth.locks.lockBot(LOCAL, BOT, { message: 'holiday', ttl: DAY })
    await assert.rejects(auth.renewal.renew(bot, newRequest()), {
      code: 'bot-locked',
      message: 'bot "github-deploy" is locked: holiday',
    })
    assert.equal((await auth.locks.unlockBot(LOCAL, BOT)).length, 1)
    await auth.renewal.renew(bot, newRequest())
  })

  it('of a locked bot is over when the lock expires', async () => {
    await using auth = await openTestAuth()
    const bot = callerOf(await joined(auth))
    await auth.locks.lockBot(LOCAL, BOT, { message: '', ttl: MINUTE })
    await assert.rejects(auth.renewal.renew(bot, newRequest()), { code: 'bot-locked' })
    auth.clock.advance(MINUTE)
    await auth.renewal.renew(bot, newRequest())
  })

  it('of a removed bot says so, and a new bot of that name is another one', async () => {
    await using auth = await openTestAuth()
    const bot = callerOf(await joined(auth))
    await auth.bots.remove(LOCAL, BOT)
    await assert.rejects(auth.renewal.renew(bot, newRequest()), { code: 'bot-removed' })
    await auth.bots.create(LOCAL, { name: BOT, roles: ['ci-deployer'], token: {} })
    await assert.rejects(auth.renewal.renew(bot, newRequest()), { code: 'instance-unknown' })
  })

  it('of a hub whose clock is outside the life of its CAs says so, and costs nothing', async () => {
    await using auth = await openTestAuth()
    const bot = callerOf(await joined(auth))
    const later = { ...bot, expiresAt: Number.POSITIVE_INFINITY }
    for (const step of [-2 * DAY, 30 * 365 * DAY]) {
      auth.clock.step(step)
      await assert.rejects(auth.renewal.renew(later, newRequest()), { code: 'clock-skew' })
      auth.clock.step(-step)
    }
    assert.equal((await auth.renewal.renew(bot, newRequest())).generation, 2n)
  })

  it('after the identity has expired says so', async () => {
    await using auth = await openTestAuth()
    const bot = callerOf(await joined(auth))
    auth.clock.advance(DAY)
    await assert.rejects(auth.renewal.renew(bot, newRequest()), { code: 'identity-expired' })
  })

  it('never loses against a lock that was set while it ran', async () => {
    await using auth = await openTestAuth()
    let identity = await joined(auth)
    for (let round = 0; round < 20; round++) {
      const renewal = auth.renewal.renew(callerOf(identity), newRequest())
      const lock = auth.locks.lockBot(LOCAL, BOT, { message: '' })
      const [outcome] = await Promise.allSettled([renewal, lock])
      if (outcome.status === 'fulfilled') identity = outcome.value
      const events = await auth.context.store.audit.list({ limit: 2, bot: BOT })
      const [last] = events
      if (outcome.status === 'fulfilled') assert.equal(last?.type, 'lock.create')
      await assert.rejects(auth.renewal.renew(callerOf(identity), newRequest()))
      await auth.locks.unlockBot(LOCAL, BOT)
    }
  })
})
