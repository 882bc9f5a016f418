import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Change, Store } from '../../src/auth/storage.ts'
import type { Subject } from './store-contract.ts'
import { apply, applyBot, event, role } from './store-samples.ts'

const insert = (name: string): Change => ({ kind: 'insert-role', role: role({ name }) })

/** What the feed tells from now on. */
function listen(store: Store): (readonly Change[])[] {
  const told: (readonly Change[])[] = []
  store.changes.subscribe((changes) => told.push(changes))
  return told
}

export function describeChangeFeed(subject: Subject): void {
  describe('change feed', () => {
    it('tells each act whole, from the subscription on', async () => {
      const { store } = subject
      await applyBot(store, 'ci')
      const told = listen(store)
      const changes: readonly Change[] = [insert('a'), { kind: 'touch-bot', name: 'ci' }]
      await apply(store, ...changes)
      await store.commit({ changes: [], events: [event()] })
      await apply(store, insert('b'))
      assert.deepEqual(told, [changes, [], [insert('b')]])
    })

    it('tells 256 concurrent acts in the order of their commits, and no refused one', async () => {
      const { store } = subject
      await apply(store, insert('taken'))
      const told = listen(store)
      const names = Array.from({ length: 256 }, (_, index) =>
        index % 8 === 5 ? 'taken' : `role-${index}`,
      )
      const results = await Promise.allSettled(
        names.map((name) =>
          store.commit({ changes: [insert(name)], events: [event({ fields: { name } })] }),
        ),
      )
      assert.equal(results.filter(({ status }) => status === 'rejected').length, 32)
      // The audit log numbers the acts in the order of their commits.
      const log = await store.audit.list({ limit: 1000 })
      const committed = log.flatMap(({ fields }) => fields?.['name'] ?? []).toReversed()
      assert.equal(committed.length, 224)
      assert.deepEqual(
        told,
        committed.map((name) => [insert(name)]),
      )
    })

    it('tells an act that can be read, before its commit resolves', async () => {
      const { store } = subject
      const order: string[] = []
      const reads: Promise<unknown>[] = []
      store.changes.subscribe((changes) => {
        for (const change of changes) {
          if (change.kind !== 'insert-role') continue
          order.push(`told ${change.role.name}`)
          reads.push(store.roles.get(change.role.name))
        }
      })
      const names = Array.from({ length: 256 }, (_, index) => `role-${index}`)
      await Promise.all(
        names.map(async (name) => {
          await apply(store, insert(name))
          order.push(`resolved ${name}`)
        }),
      )
      for (const name of names) {
        const told = order.indexOf(`told ${name}`)
        assert.ok(told >= 0 && told < order.indexOf(`resolved ${name}`), name)
      }
      assert.deepEqual(
        await Promise.all(reads),
        names.map((name) => role({ name })),
      )
    })

    it('tells nothing of an act that is refused', async () => {
      const { store } = subject
      const told = listen(store)
      const unknown: Change = { kind: 'touch-bot', name: 'unknown' }
      await assert.rejects(apply(store, insert('a'), unknown), { code: 'missing' })
      assert.deepEqual(told, [])
    })

    it('goes on past a listener that throws, and the act is committed', async () => {
      const { store } = subject
      const before = listen(store)
      store.changes.subscribe(() => {
        throw new Error('a broken listener')
      })
      const after = listen(store)
      await apply(store, insert('a'))
      await apply(store, insert('b'))
      assert.equal(await store.roles.count(), 2)
      assert.deepEqual(before, [[insert('a')], [insert('b')]])
      assert.deepEqual(after, before)
    })

    it('takes a commit from a listener, as the next act', async () => {
      const { store } = subject
      const told = listen(store)
      let second: Promise<void> | undefined
      store.changes.subscribe(() => {
        second ??= apply(store, insert('second'))
      })
      await apply(store, insert('first'))
      await second
      assert.deepEqual(told, [[insert('first')], [insert('second')]])
    })

    it('tells no more after the end of a subscription', async () => {
      const { store } = subject
      const told: unknown[] = []
      const end = store.changes.subscribe((changes) => told.push(changes))
      const others = listen(store)
      await apply(store, insert('a'))
      end()
      end()
      await apply(store, insert('b'))
      assert.deepEqual(told, [[insert('a')]])
      assert.equal(others.length, 2)
    })
  })
}
