import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { addEvents, tamper } from '../../test/fakes/audit-events.ts'
import { openTestAuth, type TestAuth } from '../../test/fakes/auth.ts'
import { DAY, HOUR } from '../base/clock.ts'
import { createAuditRetention, nextDropped } from './audit-retention.ts'

const NOBODY = { onProgress: () => {}, held: undefined, signal: new AbortController().signal }
const KEEP = 90 * DAY

/** Days with ten events each, each signed in its evening. */
async function liveThrough(auth: TestAuth, days: number): Promise<void> {
  for (let day = 0; day < days; day++) {
    await addEvents(auth.context.store, 10, auth.clock.now())
    await auth.audit.signing.checkpoint()
    auth.clock.advance(DAY)
  }
}

function retentionOf(auth: TestAuth, mostPruned = Number.MAX_SAFE_INTEGER) {
  return createAuditRetention(auth.context, auth.audit.signing, KEEP, () => mostPruned)
}

describe('retention', () => {
  it('prunes what is older, tells so, and leaves a log that verifies', async () => {
    await using auth = await openTestAuth()
    const { audit } = auth.context.store
    const start = (await audit.head()).sequence
    await liveThrough(auth, 100)
    const retention = retentionOf(auth)
    assert.equal(await retention.prune(), start + 100)
    const anchor = await audit.anchor()
    assert.equal(anchor?.sequence, start + 100)
    const [event] = await audit.list({ limit: 1 })
    assert.deepEqual(event?.fields, {
      through: String(start + 100),
      events: String(start + 100),
      before: new Date(auth.clock.now() - KEEP).toISOString().replace('.000', ''),
    })
    const verified = await auth.audit.verify(NOBODY)
    assert.deepEqual([verified.begins, verified.first], ['at-anchor', start + 101])
    assert.equal(await retention.prune(), 0)
    auth.clock.advance(DAY)
    assert.equal(await retention.prune(), 10)
    assert.equal((await auth.audit.verify(NOBODY)).begins, 'at-anchor')
  })

  it('prunes no event that is young, and none that a sink has not got', async () => {
    await using auth = await openTestAuth()
    await liveThrough(auth, 80)
    assert.equal(await retentionOf(auth).prune(), 0)
    await liveThrough(auth, 20)
    assert.equal(await retentionOf(auth, 37).prune(), 34)
  })

  it('prunes up to a checkpoint only', async () => {
    await using auth = await openTestAuth()
    await addEvents(auth.context.store, 10, auth.clock.now())
    auth.clock.advance(100 * DAY)
    assert.equal(await retentionOf(auth).prune(), 0)
    await auth.audit.signing.checkpoint()
    auth.clock.advance(HOUR)
    assert.ok((await retentionOf(auth).prune()) > 0)
  })

  it('prunes what a release has left that signed nothing, having verified it', async () => {
    await using auth = await openTestAuth()
    const { store } = auth.context
    auth.clock.advance(100 * DAY)
    await addEvents(store, 3_500, 0)
    await addEvents(store, 500, auth.clock.now())
    assert.equal(await retentionOf(auth, 3_000).prune(), 0, 'nothing is signed')
    await auth.audit.signing.checkpoint()
    assert.equal(await retentionOf(auth, 3_000).prune(), 3_000)
    const verified = await auth.audit.verify(NOBODY)
    assert.deepEqual([verified.begins, verified.first], ['at-anchor', 3_001])
  })

  it('prunes nothing of a log that is damaged', async () => {
    await using auth = await openTestAuth()
    auth.clock.advance(100 * DAY)
    await addEvents(auth.context.store, 3_000, 0)
    await auth.audit.signing.checkpoint()
    tamper(auth.database, `UPDATE audit_events SET actor = 'hub' WHERE sequence = 1000`)
    await assert.rejects(retentionOf(auth, 2_900).prune(), { code: 'altered', sequence: 1_000 })
    assert.equal(await auth.context.store.audit.anchor(), undefined)
  })

  it('drops what is pruned in the background, also what an earlier run has left', async () => {
    await using auth = await openTestAuth()
    const { store } = auth.context
    await addEvents(store, 2_000, 1)
    await auth.audit.signing.checkpoint()
    auth.clock.advance(100 * DAY)
    await retentionOf(auth).prune()
    assert.ok((await store.audit.leftovers()) > 2_000)
    const stopping = new AbortController()
    const running = createAuditRetention(
      { ...auth.context, clock: untilIdle(stopping) },
      auth.audit.signing,
      undefined,
      () => 0,
    ).run(stopping.signal)
    await running
    assert.equal(await store.audit.leftovers(), 0)
    assert.equal((await auth.audit.verify(NOBODY)).begins, 'at-anchor')
  })

  /** Short waits are over at once; at the long one, the work is done. */
  function untilIdle(stopping: AbortController) {
    return {
      now: () => 0,
      monotonic: () => 0,
      sleep: async (milliseconds: number) => {
        if (milliseconds > 1_000) stopping.abort()
      },
    }
  }
})

describe('retention at a hub whose clock', () => {
  it('has jumped ahead prunes nothing, unless it stays there for a day', async () => {
    await using auth = await openTestAuth()
    await liveThrough(auth, 10)
    const retention = createAuditRetention(
      auth.context,
      auth.audit.signing,
      KEEP,
      () => Number.MAX_SAFE_INTEGER,
      () => auth.hubClock.steady(),
    )
    auth.clock.step(365 * DAY)
    assert.equal(await retention.prune(), 0)
    auth.clock.step(-365 * DAY)
    assert.equal(await retention.prune(), 0)
    auth.clock.step(365 * DAY)
    await retention.prune()
    auth.clock.advance(DAY)
    assert.ok((await retention.prune()) >= 100)
  })

  it('drops as many at once as a disk does in a short time', () => {
    /** After twenty drops, on a disk that takes so long for each event. */
    const settled = (msPerEvent: number) => {
      let dropped = 50
      for (let time = 0; time < 20; time++) dropped = nextDropped(dropped, dropped * msPerEvent)
      return dropped
    }
    assert.equal(settled(0), 500)
    assert.equal(settled(100), 10)
    for (const msPerEvent of [0.05, 0.1, 0.5, 1]) {
      const took = settled(msPerEvent) * msPerEvent
      assert.ok(took <= 30 && took >= 10, `${took} ms`)
    }
    assert.equal(nextDropped(500, 2_000), 125)
  })
})
