import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as samples from '../../test/contract/store-samples.ts'
import {
  callerOf,
  DEPLOYER,
  LOCAL,
  newRequest,
  openTestAuth,
  STRANGER,
  type TestAuth,
} from '../../test/fakes/auth.ts'
import { FakeClock } from '../../test/fakes/clock.ts'
import { ToldNode } from '../../test/fakes/told-node.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../base/clock.ts'
import { ClockReader, createHubClock } from './hub-clock.ts'

const BOT = 'github-deploy'
const YEAR = 365 * DAY

describe('the steady time', () => {
  it('goes with a clock that is right, slewed, or set back', () => {
    const clock = new FakeClock()
    const reader = new ClockReader(clock)
    for (const step of [0, 40 * SECOND, -20 * SECOND, -3 * DAY, 50 * SECOND]) {
      clock.step(step)
      assert.equal(reader.steady(), clock.now())
      clock.advance(HOUR)
      assert.equal(reader.steady(), clock.now())
    }
  })

  it('follows a step forward after a day, and not if the step is undone by then', () => {
    const clock = new FakeClock()
    const reader = new ClockReader(clock)
    const start = clock.now()
    clock.step(YEAR)
    assert.equal(reader.steady(), start)
    clock.advance(23 * HOUR)
    assert.equal(reader.steady(), start + 23 * HOUR)
    clock.step(-YEAR)
    assert.equal(reader.steady(), clock.now())
    clock.step(YEAR)
    reader.steady()
    clock.advance(DAY)
    assert.equal(reader.steady(), clock.now())
  })

  it('of a process that has just begun goes by what is known for certain', () => {
    const clock = new FakeClock()
    const known = clock.now() - 30 * DAY
    assert.equal(new ClockReader(clock, known).steady(), known)
    assert.equal(new ClockReader(clock, clock.now() + DAY).steady(), clock.now())
  })
})

describe('a step', () => {
  it('is what the date has gained over the monotonic clock, from a minute on', () => {
    const clock = new FakeClock()
    const reader = new ClockReader(clock)
    clock.advance(HOUR)
    assert.equal(reader.step(), undefined)
    clock.step(MINUTE - 1)
    assert.equal(reader.step(), undefined)
    clock.step(-HOUR)
    clock.advance(MINUTE)
    assert.deepEqual(reader.step(), { expected: clock.now() + HOUR, found: clock.now() })
    assert.equal(reader.step(), undefined)
  })
})

/** A bot that has joined, and one node that it may enter. */
async function open() {
  const auth = await openTestAuth()
  await auth.roles.create(LOCAL, DEPLOYER)
  const { token } = await auth.bots.create(LOCAL, { name: BOT, roles: ['ci-deployer'], token: {} })
  const identity = await auth.joining.join(STRANGER, token.value, newRequest())
  const node = samples.node({ labels: { env: 'staging' } })
  await auth.context.store.commit({ changes: [{ kind: 'insert-node', node }], events: [] })
  return { auth, identity }
}

/** The bots that the node lets in. */
function admitted(node: ToldNode): readonly string[] {
  return node.lines().flatMap((line) => (line.includes(` bot:${BOT} `) ? [BOT] : []))
}

async function clockEvents(auth: TestAuth) {
  const events = await auth.context.store.audit.list({ limit: 10, type: 'hub.clock' })
  return events.map(({ fields }) => [fields?.['time_expected'], fields?.['time_found']])
}

describe('a hub whose clock', () => {
  it('is set says so in the audit log; one that is slewed does not', async () => {
    const { auth } = await open()
    await using _ = auth
    const { clock, hubClock } = auth
    await hubClock.look()
    clock.step(30 * SECOND)
    await hubClock.look()
    clock.step(2 * DAY - 30 * SECOND)
    await hubClock.look()
    clock.step(-2 * DAY)
    await hubClock.look()
    await hubClock.look()
    assert.deepEqual(await clockEvents(auth), [
      ['2026-03-26T14:00:00Z', '2026-03-24T14:00:00Z'],
      ['2026-03-24T14:00:30Z', '2026-03-26T14:00:00Z'],
    ])
  })

  it('is behind its own log when it starts says so', async () => {
    const { auth } = await open()
    await using _ = auth
    auth.clock.step(-HOUR)
    const told: unknown[] = []
    const again = await createHubClock(auth.context, (step) => told.push(step))
    await again.look()
    assert.deepEqual(await clockEvents(auth), [['2026-03-24T14:00:00Z', '2026-03-24T13:00:00Z']])
    assert.equal(told.length, 1)
  })

  it('jumps ahead ends locks for as long as it is wrong, and loses none', async () => {
    const { auth } = await open()
    await using _ = auth
    const { clock, board, hubClock, locks } = auth
    const node = new ToldNode()
    board.watchNode('web-1', node)
    assert.deepEqual(admitted(node), [BOT])
    await locks.lockBot(LOCAL, BOT, { message: '', ttl: HOUR })
    board.flush()
    assert.deepEqual(admitted(node), [])
    clock.step(YEAR)
    await hubClock.look()
    await locks.prune()
    board.flush()
    assert.deepEqual(admitted(node), [BOT], 'as its clock has it, the lock is over')
    clock.step(-YEAR)
    board.flush()
    assert.deepEqual(admitted(node), [], 'the lock is back, and the node knows')
    assert.equal((await locks.list()).length, 1)
    clock.advance(HOUR)
    board.flush()
    assert.deepEqual(admitted(node), [BOT])
    clock.advance(2 * HOUR)
    await locks.prune()
    const expired = await auth.context.store.audit.list({ limit: 5, type: 'lock.expire' })
    assert.equal(expired.length, 1)
  })

  it('jumps ahead forgets no certificate that a lock may have to revoke', async () => {
    const { auth, identity } = await open()
    await using _ = auth
    const { clock, board, hubClock, context } = auth
    clock.step(YEAR)
    await hubClock.look()
    const stop = new AbortController()
    const committed: unknown[] = []
    context.store.changes.subscribe((changes) => {
      committed.push(...changes)
      stop.abort()
    })
    await board.run(stop.signal)
    assert.equal(committed.length, 1)
    clock.step(-YEAR)
    const { length } = await context.store.certificates.listForBot(BOT, clock.now())
    assert.equal(length, 1)
    const { instanceId } = identity
    const node = new ToldNode()
    board.watchNode('web-1', node)
    await auth.locks.create(LOCAL, { kind: 'instance', instanceId }, { message: '' })
    board.flush()
    assert.deepEqual([...node.revoked], [identity.serial])
  })

  it('jumps to and fro counts generations, serials and events as ever', async () => {
    const { auth, identity: first } = await open()
    await using _ = auth
    let identity = first
    // The CAs are that old.
    auth.clock.advance(60 * DAY)
    const serials = new Set([identity.serial])
    for (const step of [-2 * DAY, 4 * DAY, -3 * HOUR, -40 * DAY, YEAR]) {
      auth.clock.step(step)
      // The identity of a clock that was far ahead is good; one of a clock far behind has expired.
      const caller = { ...callerOf(identity), expiresAt: auth.clock.now() + HOUR }
      const next = await auth.renewal.renew(caller, newRequest())
      assert.equal(next.generation, identity.generation + 1n)
      assert.equal(next.hubTime, auth.clock.now())
      assert.equal(next.certificateExpiresAt - next.hubTime, HOUR)
      assert.equal(next.identityExpiresAt - next.hubTime, DAY)
      serials.add(next.serial)
      identity = next
    }
    assert.equal(serials.size, 6)
    assert.deepEqual((await auth.bots.get(BOT)).locks, [])
    const events = await auth.context.store.audit.list({ limit: 100 })
    const sequences = events.map(({ sequence }) => sequence)
    assert.deepEqual(
      sequences,
      Array.from(sequences.keys(), (n) => events.length - n),
    )
    assert.equal(events[0]?.time, auth.clock.now(), 'the time is what the clock said')
  })
})
