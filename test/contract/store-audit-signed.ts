import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { CHAIN_START } from '../../src/auth/audit-chain.ts'
import type { AuditKeyRecord, CheckpointRecord } from '../../src/auth/audit-log.ts'
import type { Change, Store } from '../../src/auth/storage.ts'
import type { Subject } from './store-contract.ts'
import { event, NOON } from './store-samples.ts'

const key = (): AuditKeyRecord => ({
  publicKey: randomBytes(51),
  privateKey: 'sealed',
  createdAt: NOON,
})

/** Of an event as it stands in the log; what its signature is, is not the store's business. */
async function checkpointOf(store: Store, sequence: number): Promise<CheckpointRecord> {
  const [stored] = await store.audit.list({ before: sequence + 1, limit: 1 })
  assert.equal(stored?.sequence, sequence)
  return { sequence, hash: stored.hash, time: NOON + sequence, signature: randomBytes(80) }
}

export function describeSignedAudit(subject: Subject): void {
  const change = (...changes: readonly Change[]) => subject.store.commit({ changes, events: [] })
  const append = async (count: number) =>
    subject.store.commit({ changes: [], events: Array.from({ length: count }, () => event()) })
  const sequences = async () =>
    (await subject.store.audit.list({ limit: 10_000 })).map(({ sequence }) => sequence)

  describe('audit keys and checkpoints', () => {
    it('has one key, which is made once', async () => {
      assert.deepEqual(await subject.store.audit.keys(), [])
      const first = key()
      await change({ kind: 'insert-audit-key', key: first })
      await assert.rejects(change({ kind: 'insert-audit-key', key: key() }), { code: 'exists' })
      assert.deepEqual(await (await subject.reopen()).audit.keys(), [first])
    })

    it('has checkpoints of events as they are, and of no others', async () => {
      await append(5)
      const { store } = subject
      const [two, four] = [await checkpointOf(store, 2), await checkpointOf(store, 4)]
      await change({ kind: 'insert-checkpoint', checkpoint: two })
      await change({ kind: 'insert-checkpoint', checkpoint: four })
      const again = { ...four, time: 1 }
      await change({ kind: 'insert-checkpoint', checkpoint: again })
      for (const wrong of [
        { ...two, hash: four.hash },
        { ...two, sequence: 6 },
      ]) {
        await assert.rejects(change({ kind: 'insert-checkpoint', checkpoint: wrong }), {
          code: 'conflict',
        })
      }
      const range = { after: 0, through: 5, limit: 10 }
      assert.deepEqual(await store.audit.checkpoints(range), [two, four])
      assert.deepEqual(await store.audit.checkpoints({ ...range, limit: 1 }), [two])
      assert.deepEqual(await store.audit.checkpoints({ ...range, after: 2 }), [four])
      assert.deepEqual(await store.audit.checkpoints({ ...range, through: 3 }), [two])
      assert.deepEqual(await store.audit.checkpointBefore(3), two)
      assert.deepEqual(await store.audit.checkpointBefore(4), four)
      assert.equal(await store.audit.checkpointBefore(1), undefined)
    })
  })

  describe('audit pruning', () => {
    it('hides what is before the anchor at once, and drops it little by little', async () => {
      await append(2_500)
      const { store } = subject
      const anchor = await checkpointOf(store, 2_100)
      await change({ kind: 'insert-checkpoint', checkpoint: await checkpointOf(store, 1_000) })
      await change({ kind: 'insert-checkpoint', checkpoint: await checkpointOf(store, 2_400) })
      await change({ kind: 'prune-events', anchor })
      assert.deepEqual(await store.audit.anchor(), anchor)
      assert.equal(await store.audit.count(), 400)
      assert.equal((await sequences()).at(-1), 2_101)
      assert.equal(await store.audit.leftovers(), 2_100)
      await change({ kind: 'drop-pruned-events', limit: 1_500 })
      assert.equal(await store.audit.leftovers(), 600)
      await change({ kind: 'drop-pruned-events', limit: 1_500 })
      assert.equal(await store.audit.leftovers(), 0)
      await change({ kind: 'drop-pruned-events', limit: 1_500 })
      assert.equal((await sequences()).length, 400)
      const left = await store.audit.checkpoints({ after: 0, through: 3_000, limit: 10 })
      assert.deepEqual(
        left.map(({ sequence }) => sequence),
        [2_400],
      )
      await append(1)
      assert.equal((await store.audit.head()).sequence, 2_501)
    })

    it('refuses an anchor that is not an event, or that goes back', async () => {
      await append(10)
      const { store } = subject
      const five = await checkpointOf(store, 5)
      const prune = (anchor: CheckpointRecord) => change({ kind: 'prune-events', anchor })
      await assert.rejects(prune({ ...five, hash: randomBytes(32) }), { code: 'conflict' })
      await assert.rejects(prune({ ...five, sequence: 11 }), { code: 'conflict' })
      assert.equal(await store.audit.anchor(), undefined)
      const eight = await checkpointOf(store, 8)
      await prune(eight)
      await assert.rejects(prune(five), { code: 'missing' })
      await assert.rejects(prune(eight), { code: 'missing' })
    })

    it('goes on with the chain after the last event was pruned', async () => {
      assert.deepEqual(await subject.store.audit.head(), CHAIN_START)
      await append(3)
      const anchor = await checkpointOf(subject.store, 3)
      await change({ kind: 'prune-events', anchor }, { kind: 'drop-pruned-events', limit: 10 })
      const store = await subject.reopen()
      const { sequence, hash } = await store.audit.head()
      assert.deepEqual([sequence, hash], [3, anchor.hash])
      await append(1)
      assert.deepEqual(await sequences(), [4])
      assert.equal(await store.audit.count(), 1)
    })

    it('finds by time after it has pruned', async () => {
      const events = Array.from({ length: 4_000 }, (_, index) => event({ time: 1_000 + index }))
      await subject.store.commit({ changes: [], events })
      const anchor = await checkpointOf(subject.store, 2_000)
      await change({ kind: 'prune-events', anchor }, { kind: 'drop-pruned-events', limit: 9_999 })
      const found = async (filter: { since?: number; until?: number }) =>
        (await subject.store.audit.list({ ...filter, limit: 9_999 })).length
      assert.equal(await found({ until: 3_500 }), 500)
      assert.equal(await found({ until: 2_500 }), 0)
      assert.equal(await found({ since: 1_500 }), 2_000)
      assert.equal(await found({ since: 4_500 }), 500)
    })
  })
}
