import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import type { InstanceRecord, ReadmissionTarget } from '../../src/auth/records.ts'
import type { Store } from '../../src/auth/storage.ts'
import type { Subject } from './store-contract.ts'
import { apply, applyBot, instance, NOON, node, readmission } from './store-samples.ts'

/** An instance of that bot, which is made with it. */
async function applyInstance(store: Store, bot: string): Promise<InstanceRecord> {
  await applyBot(store, bot)
  const joined = instance({ bot })
  await apply(store, { kind: 'insert-instance', instance: joined })
  return joined
}

function ofBot({ bot, id: instanceId }: InstanceRecord): ReadmissionTarget {
  return { kind: 'bot', bot, instanceId }
}

export function describeReadmissions(subject: Subject): void {
  describe('readmissions', () => {
    it('reads back those of a bot, oldest first, and that of a node', async () => {
      const { store } = subject
      const [ci, other] = [await applyInstance(store, 'ci'), await applyInstance(store, 'other')]
      const second = instance()
      await apply(store, { kind: 'insert-instance', instance: second })
      const web = node()
      await apply(store, { kind: 'insert-node', node: web })
      const target = { kind: 'node', node: web.name, instanceId: web.instanceId } as const
      const all = [
        readmission({ target: ofBot(ci), createdAt: 2 }),
        readmission({ target: ofBot(second), createdAt: 1, usedAt: NOON }),
        readmission({ target: ofBot(other) }),
        readmission({ target }),
      ]
      for (const each of all) await apply(store, { kind: 'put-readmission', readmission: each })
      for (const each of all) {
        assert.deepEqual(await store.readmissions.get(each.target.instanceId), each)
      }
      assert.deepEqual(await store.readmissions.listForBot('ci'), [all[1], all[0]])
      assert.deepEqual(await store.readmissions.listForBot(web.name), [])
      assert.equal(await store.readmissions.get('unknown'), undefined)
    })

    it('has one for each instance: the newest', async () => {
      const { store } = subject
      const target = ofBot(await applyInstance(store, 'ci'))
      await apply(store, {
        kind: 'put-readmission',
        readmission: readmission({ target, usedAt: NOON }),
      })
      const newer = readmission({ target, expiresAt: NOON + 1 })
      await apply(store, { kind: 'put-readmission', readmission: newer })
      assert.deepEqual(await store.readmissions.listForBot('ci'), [newer])
    })

    it('is used once, of 64 that try at the same time', async () => {
      const { store } = subject
      const target = ofBot(await applyInstance(store, 'ci'))
      const granted = readmission({ target })
      await apply(store, { kind: 'put-readmission', readmission: granted })
      const { instanceId } = target
      const use = { kind: 'use-readmission', instanceId, id: granted.id } as const
      const results = await Promise.allSettled(
        Array.from({ length: 64 }, (_, n) => apply(store, { ...use, usedAt: NOON + n })),
      )
      const winners = results.flatMap(({ status }, n) => (status === 'fulfilled' ? [n] : []))
      assert.equal(winners.length, 1)
      const usedAt = NOON + (winners[0] ?? 0)
      assert.deepEqual(await store.readmissions.get(instanceId), { ...granted, usedAt })
      for (const refused of [
        { ...use, id: randomUUID() },
        { ...use, instanceId: 'unknown' },
      ]) {
        await assert.rejects(apply(store, { ...refused, usedAt: NOON }), { code: 'conflict' })
      }
    })

    it('is for what is there, and goes with it', async () => {
      const { store } = subject
      const ci = await applyInstance(store, 'ci')
      const web = node()
      await apply(store, { kind: 'insert-node', node: web })
      const { name, instanceId } = web
      const put = (target: ReadmissionTarget) =>
        apply(store, { kind: 'put-readmission', readmission: readmission({ target }) })
      const nobody: readonly ReadmissionTarget[] = [
        { kind: 'bot', bot: 'unknown', instanceId: ci.id },
        { kind: 'bot', bot: 'ci', instanceId: randomUUID() },
        { kind: 'node', node: 'unknown', instanceId },
        { kind: 'node', node: name, instanceId: randomUUID() },
      ]
      for (const target of nobody) await assert.rejects(put(target), { code: 'missing' })
      await put(ofBot(ci))
      await put({ kind: 'node', node: name, instanceId })
      await apply(store, { kind: 'delete-bot', name: 'ci' })
      await apply(store, { kind: 'delete-node', name })
      for (const gone of [ci.id, instanceId]) {
        assert.equal(await store.readmissions.get(gone), undefined)
      }
    })

    it('is deleted if it is there', async () => {
      const { store } = subject
      const target = ofBot(await applyInstance(store, 'ci'))
      await apply(store, { kind: 'put-readmission', readmission: readmission({ target }) })
      for (let times = 0; times < 2; times++) {
        await apply(store, { kind: 'delete-readmission', instanceId: target.instanceId })
        assert.deepEqual(await store.readmissions.listForBot('ci'), [])
      }
    })
  })
}
