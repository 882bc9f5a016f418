import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Subject } from './store-contract.ts'
import { apply, applyBot, bot, certificate, instance, lock, role, token } from './store-samples.ts'

export function describeBots(subject: Subject): void {
  const applyRoles = async (...names: readonly string[]) => {
    for (const name of names) {
      await apply(subject.store, { kind: 'insert-role', role: role({ name }) })
    }
  }

  describe('bots', () => {
    it('reads back what was inserted, its roles in the order given', async () => {
      const { store } = subject
      await applyRoles('a', 'b', 'c')
      const inserted = bot({ roles: ['c', 'a', 'b'] })
      await apply(store, { kind: 'insert-bot', bot: inserted })
      assert.deepEqual(await store.bots.get('ci'), inserted)
      assert.equal(await store.bots.get('unknown'), undefined)
      assert.equal(await store.bots.count(), 1)
    })

    it('refuses a name that is taken, and a role that does not exist', async () => {
      const { store } = subject
      await applyBot(store, 'ci')
      await assert.rejects(apply(store, { kind: 'insert-bot', bot: bot({ roles: [] }) }), {
        code: 'exists',
        subject: 'bot "ci"',
      })
      const other = bot({ name: 'other', roles: ['role-of-ci', 'unknown'] })
      await assert.rejects(apply(store, { kind: 'insert-bot', bot: other }), {
        code: 'missing',
        subject: 'role "unknown"',
      })
      assert.equal(await store.bots.get('other'), undefined)
    })

    it('replaces the revision before, and no other', async () => {
      const { store } = subject
      await applyRoles('a', 'b', 'c')
      await apply(store, { kind: 'insert-bot', bot: bot({ roles: ['a', 'b'] }) })
      const edited = bot({ roles: ['c', 'b'], revision: 2, identityTtlMs: 1 })
      await apply(store, { kind: 'replace-bot', bot: edited })
      assert.deepEqual(await store.bots.get('ci'), edited)
      for (const revision of [1, 2, 4]) {
        const stale = bot({ roles: ['a'], revision })
        await assert.rejects(apply(store, { kind: 'replace-bot', bot: stale }), {
          code: 'conflict',
          subject: 'bot "ci"',
        })
      }
      const without = bot({ roles: ['unknown'], revision: 3 })
      await assert.rejects(apply(store, { kind: 'replace-bot', bot: without }), {
        code: 'missing',
        subject: 'role "unknown"',
      })
      const unknown = bot({ name: 'unknown', roles: ['a'], revision: 2 })
      await assert.rejects(apply(store, { kind: 'replace-bot', bot: unknown }), {
        code: 'missing',
        subject: 'bot "unknown"',
      })
      assert.deepEqual(await store.bots.get('ci'), edited)
      await apply(store, { kind: 'delete-role', name: 'a' })
    })

    it('expects a revision and counts it up', async () => {
      const { store } = subject
      await applyBot(store, 'ci')
      await apply(store, { kind: 'expect-bot', name: 'ci', revision: 1 })
      assert.equal((await store.bots.get('ci'))?.revision, 1)
      await apply(store, { kind: 'touch-bot', name: 'ci' })
      assert.equal((await store.bots.get('ci'))?.revision, 2)
      for (const name of ['ci', 'unknown']) {
        await assert.rejects(apply(store, { kind: 'expect-bot', name, revision: 1 }), {
          code: 'conflict',
          subject: `bot "${name}"`,
        })
      }
      await assert.rejects(apply(store, { kind: 'touch-bot', name: 'unknown' }), {
        code: 'missing',
        subject: 'bot "unknown"',
      })
    })

    it('sees the changes before it in the same act', async () => {
      const { store } = subject
      await applyBot(store, 'ci')
      await apply(
        store,
        { kind: 'touch-bot', name: 'ci' },
        { kind: 'expect-bot', name: 'ci', revision: 2 },
      )
    })

    it('deletes one with its instances and locks, and keeps its tokens and certificates', async () => {
      const { store } = subject
      await applyBot(store, 'ci')
      await applyBot(store, 'other')
      const [gone, stays] = [instance(), instance({ bot: 'other' })]
      const kept = token()
      const otherLock = lock({ target: { kind: 'bot', bot: 'other' } })
      const revocable = certificate({ instanceId: gone.id })
      await apply(
        store,
        { kind: 'insert-instance', instance: gone },
        { kind: 'insert-instance', instance: stays },
        { kind: 'insert-token', token: kept },
        { kind: 'insert-certificate', certificate: revocable },
        { kind: 'insert-lock', lock: lock() },
        {
          kind: 'insert-lock',
          lock: lock({ target: { kind: 'instance', bot: 'ci', instanceId: gone.id } }),
        },
        { kind: 'insert-lock', lock: otherLock },
      )
      await apply(store, { kind: 'delete-bot', name: 'ci' })
      assert.equal(await store.bots.get('ci'), undefined)
      assert.equal(await store.instances.get(gone.id), undefined)
      assert.deepEqual(await store.instances.get(stays.id), stays)
      assert.deepEqual(await store.locks.list(), [otherLock])
      assert.deepEqual(await store.tokens.listForBot('ci'), [kept])
      assert.deepEqual(await store.certificates.listForBot('ci', 0), [revocable])
      assert.deepEqual(await store.certificates.list(0), [revocable])
      await assert.rejects(apply(store, { kind: 'delete-bot', name: 'ci' }), {
        code: 'missing',
        subject: 'bot "ci"',
      })
    })

    it('lists a page of 10,000, with the roles of each', async () => {
      const { store } = subject
      await applyRoles('a', 'b')
      const name = (index: number) => `bot-${String(index).padStart(5, '0')}`
      const acts = Array.from({ length: 100 }, (_, act) =>
        apply(
          store,
          ...Array.from({ length: 100 }, (_, index) => ({
            kind: 'insert-bot' as const,
            bot: bot({ name: name(act * 100 + index), roles: ['b', 'a'] }),
          })),
        ),
      )
      await Promise.all(acts)
      assert.equal(await store.bots.count(), 10_000)
      const page = await store.bots.list({ after: name(8_999), limit: 500 })
      assert.equal(page.length, 500)
      assert.deepEqual(page[0], bot({ name: name(9_000), roles: ['b', 'a'] }))
      assert.equal(page.at(-1)?.name, name(9_499))
      assert.equal((await store.bots.list({ after: name(9_900), limit: 500 })).length, 99)
    })
  })
}
