import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openTestAuth } from '../../test/fakes/auth.ts'
import type { Act, Store } from './storage.ts'
import { StoreError } from './storage.ts'
import { type CommitOutcome, watchStore } from './watched-store.ts'

const NOTHING: Act = { changes: [], events: [] }

/** A real store whose commits fail for as long as `failure` is set. */
async function open() {
  const auth = await openTestAuth()
  const disk: { failure: Error | undefined } = { failure: undefined }
  const { store, clock } = auth.context
  const failing: Store = {
    ...store,
    async commit(act) {
      if (disk.failure) throw disk.failure
      await store.commit(act)
    },
  }
  const told: CommitOutcome[] = []
  const troubles: unknown[] = []
  const watched = watchStore(
    failing,
    clock,
    ({ outcome }) => void told.push(outcome),
    (failure) => void troubles.push(failure),
  )
  return {
    troubles,
    auth,
    disk,
    told,
    watched,
    store,
    [Symbol.asyncDispose]: () => auth[Symbol.asyncDispose](),
  }
}

const full = () => new StoreError('unavailable', 'store', 'the disk is full')

describe('a watched store', () => {
  it('tells of every commit how it came out, and is in trouble while they fail', async () => {
    await using scene = await open()
    const { watched, disk, told, troubles } = scene
    await watched.store.commit(NOTHING)
    assert.equal(watched.trouble(), undefined)
    const missing: Act = { changes: [{ kind: 'delete-role', name: 'nobody' }], events: [] }
    await assert.rejects(watched.store.commit(missing), { code: 'missing' })
    assert.equal(watched.trouble(), undefined, 'the condition of an act is no trouble of the store')
    const first = full()
    disk.failure = first
    await assert.rejects(watched.store.commit(NOTHING), { code: 'unavailable' })
    disk.failure = full()
    await assert.rejects(watched.store.commit(NOTHING), { code: 'unavailable' })
    assert.match(watched.trouble() ?? '', /^no commit succeeds since 20.*: the disk is full$/)
    disk.failure = undefined
    await watched.store.commit(NOTHING)
    await watched.store.commit(NOTHING)
    assert.equal(watched.trouble(), undefined)
    assert.deepEqual(told, ['committed', 'refused', 'failed', 'failed', 'committed', 'committed'])
    assert.deepEqual(troubles, [first, undefined], 'told once at the beginning, once at the end')
  })

  it('tries by itself until commits succeed again, and has that in the audit log, once', async () => {
    await using scene = await open()
    const { watched, disk, store, auth } = scene
    const { clock } = auth
    disk.failure = full()
    const failedAt = clock.now()
    await watched.store.commit(NOTHING).catch(() => {})
    const stop = new AbortController()
    let steps = 0
    const stepping: typeof clock.sleep = async (milliseconds, signal) => {
      steps += 1
      if (steps === 4) disk.failure = undefined
      if (steps === 8) stop.abort()
      signal?.throwIfAborted()
      clock.advance(milliseconds)
    }
    const again = watchStore(
      { ...store, commit: (act) => watched.store.commit(act) },
      {
        now: () => clock.now(),
        monotonic: () => clock.monotonic(),
        sleep: stepping,
      },
    )
    await again.store.commit(NOTHING).catch(() => {})
    await again.run(stop.signal)
    assert.equal(again.trouble(), undefined)
    const events = await store.audit.list({ limit: 10, type: 'hub.recover' })
    assert.equal(events.length, 1)
    assert.equal(
      events[0]?.fields?.['failing_since'],
      new Date(failedAt).toISOString().replace(/\.\d+/, ''),
    )
  })

  it('knows for how long a commit has been under way', async () => {
    await using scene = await open()
    const { clock } = scene.auth
    const held = Promise.withResolvers<void>()
    const watched = watchStore({ ...scene.store, commit: () => held.promise }, clock)
    assert.equal(watched.longestWait(), 0)
    const commit = watched.store.commit(NOTHING)
    clock.advance(3_000)
    void watched.store.commit(NOTHING)
    clock.advance(4_000)
    assert.equal(watched.longestWait(), 7_000)
    held.resolve()
    await commit
    assert.equal(watched.longestWait(), 0)
  })
})
