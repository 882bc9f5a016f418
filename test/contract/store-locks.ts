import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Subject } from './store-contract.ts'
import { apply, applyBot, instance, lock, node, role } from './store-samples.ts'

export function describeLocks(subject: Subject): void {
  describe('locks', () => {
    it('reads back those on a bot and on its instances, oldest first', async () => {
      const { store } = subject
      await applyBot(store, 'ci')
      await applyBot(store, 'other')
      const joined = instance()
      const onBot = lock({ createdAt: 2, expiresAt: 9 })
      const onInstance = lock({
        target: { kind: 'instance', bot: 'ci', instanceId: joined.id },
        createdAt: 1,
      })
      const onOther = lock({ target: { kind: 'bot', bot: 'other' }, createdAt: 3 })
      await apply(
        store,
        { kind: 'insert-instance', instance: joined },
        { kind: 'insert-lock', lock: onBot },
        { kind: 'insert-lock', lock: onInstance },
        { kind: 'insert-lock', lock: onOther },
      )
      assert.deepEqual(await store.locks.list(), [onInstance, onBot, onOther])
      assert.deepEqual(await store.locks.listForBot('ci'), [onInstance, onBot])
      await apply(store, { kind: 'delete-lock', id: onBot.id })
      assert.deepEqual(await store.locks.listForBot('ci'), [onInstance])
    })

    it('reads back those on a node, a role and a login, apart from a bot of that name', async () => {
      const { store } = subject
      await applyBot(store, 'same')
      await apply(
        store,
        { kind: 'insert-node', node: node({ name: 'same' }) },
        { kind: 'insert-role', role: role({ name: 'same' }) },
      )
      const locks = [
        lock({ createdAt: 1, target: { kind: 'node', node: 'same' } }),
        lock({ createdAt: 2, target: { kind: 'role', role: 'same' }, expiresAt: 9 }),
        lock({ createdAt: 3, target: { kind: 'login', login: 'same' } }),
        lock({ createdAt: 4, target: { kind: 'bot', bot: 'same' } }),
        lock({ createdAt: 5, target: { kind: 'login', login: '' } }),
      ]
      for (const each of locks) await apply(store, { kind: 'insert-lock', lock: each })
      assert.deepEqual(await store.locks.list(), locks)
      assert.deepEqual(await store.locks.listForBot('same'), [locks[3]])
      await apply(store, { kind: 'delete-bot', name: 'same' })
      assert.deepEqual(await store.locks.list(), locks.toSpliced(3, 1))
    })

    it('lets those on a role go with it, and not those on others', async () => {
      const { store } = subject
      const locks = ['gone', 'stays'].map((name) => lock({ target: { kind: 'role', role: name } }))
      for (const name of ['gone', 'stays']) {
        await apply(store, { kind: 'insert-role', role: role({ name }) })
      }
      for (const each of locks) await apply(store, { kind: 'insert-lock', lock: each })
      const edited = role({ name: 'gone', revision: 2 })
      await apply(store, { kind: 'replace-role', role: edited })
      assert.equal((await store.locks.list()).length, 2)
      await apply(store, { kind: 'delete-role', name: 'gone' })
      assert.deepEqual(await store.locks.list(), [locks[1]])
    })

    it('refuses what exists, what is missing, and an instance of another bot', async () => {
      const { store } = subject
      await applyBot(store, 'ci')
      await applyBot(store, 'other')
      const [first, joined] = [lock(), instance()]
      await apply(
        store,
        { kind: 'insert-instance', instance: joined },
        { kind: 'insert-lock', lock: first },
      )
      const refusals = [
        [lock({ id: first.id }), 'exists', `lock "${first.id}"`],
        [
          lock({ id: first.id, target: { kind: 'login', login: 'root' } }),
          'exists',
          `lock "${first.id}"`,
        ],
        [lock({ target: { kind: 'bot', bot: 'unknown' } }), 'missing', 'bot "unknown"'],
        [lock({ target: { kind: 'node', node: 'ci' } }), 'missing', 'node "ci"'],
        [lock({ target: { kind: 'role', role: 'ci' } }), 'missing', 'role "ci"'],
        [
          lock({ target: { kind: 'instance', bot: 'other', instanceId: joined.id } }),
          'missing',
          `bot instance "${joined.id}"`,
        ],
      ] as const
      for (const [refused, code, about] of refusals) {
        await assert.rejects(apply(store, { kind: 'insert-lock', lock: refused }), {
          code,
          subject: about,
        })
      }
      assert.deepEqual(await store.locks.list(), [first])
      await assert.rejects(apply(store, { kind: 'delete-lock', id: 'unknown' }), {
        code: 'missing',
        subject: 'lock "unknown"',
      })
    })
  })
}
