import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SessionRecord } from '../../src/auth/records.ts'
import type { Subject } from './store-contract.ts'
import { apply, applyBot, event, node, session } from './store-samples.ts'

export function describeSessions(subject: Subject): void {
  const insert = async (...sessions: readonly SessionRecord[]) => {
    for (const each of sessions) {
      await apply(subject.store, { kind: 'insert-session', session: each })
    }
  }
  const insertNodes = async (...names: readonly string[]) => {
    for (const name of names) {
      await apply(subject.store, { kind: 'insert-node', node: node({ name }) })
    }
  }

  describe('sessions', () => {
    it('lists them newest first, of a node, of a bot, and of both', async () => {
      const { store } = subject
      await insertNodes('web-1', 'web-2')
      const [a, b, c] = [
        session({ startedAt: 1, certificateSerial: 0n }),
        session({ startedAt: 3, node: 'web-2', certificateSerial: 2n ** 63n }),
        session({ startedAt: 2, bot: 'other', certificateSerial: 2n ** 64n - 1n }),
      ]
      await insert(a, b, c)
      assert.deepEqual(await store.sessions.list({}), [b, c, a])
      assert.deepEqual(await store.sessions.list({ node: 'web-1' }), [c, a])
      assert.deepEqual(await store.sessions.list({ node: 'web-1', limit: 1 }), [c])
      assert.deepEqual(await store.sessions.list({ limit: 2 }), [b, c])
      assert.deepEqual(await store.sessions.list({ bot: 'ci' }), [b, a])
      assert.deepEqual(await store.sessions.list({ bot: 'ci', node: 'web-1' }), [a])
      assert.deepEqual(await store.sessions.list({ bot: undefined, node: 'unknown' }), [])
      assert.deepEqual(await store.sessions.get('web-2', b.id), b)
      assert.equal(await store.sessions.get('web-1', b.id), undefined)
      assert.equal(await store.sessions.count(), 3)
    })

    it('refuses a repeated report, and a node that does not exist', async () => {
      const { store } = subject
      await insertNodes('web-1', 'web-2')
      const first = session()
      const elsewhere = session({ id: first.id, node: 'web-2' })
      await insert(first, elsewhere)
      const events = await store.audit.count()
      await assert.rejects(insert(session({ id: first.id })), {
        code: 'exists',
        subject: `session "web-1/${first.id}"`,
      })
      await assert.rejects(insert(session({ node: 'unknown' })), {
        code: 'missing',
        subject: 'node "unknown"',
      })
      assert.deepEqual(await store.sessions.get('web-1', first.id), first)
      assert.equal(await store.sessions.count(), 2)
      assert.equal(await store.audit.count(), events, 'no event tells of a refused report')
    })

    it('counts once a report that comes 64 times at once', async () => {
      const { store } = subject
      await insertNodes('web-1')
      const reported = session()
      const started = event({ type: 'session.start' })
      const results = await Promise.allSettled(
        Array.from({ length: 64 }, () =>
          store.commit({
            changes: [{ kind: 'insert-session', session: reported }],
            events: [started],
          }),
        ),
      )
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
      assert.equal((await store.audit.list({ type: 'session.start', limit: 100 })).length, 1)
    })

    it('deletes one, once', async () => {
      const { store } = subject
      await insertNodes('web-1', 'web-2')
      const [ended, other] = [session(), session()]
      const elsewhere = session({ id: ended.id, node: 'web-2' })
      await insert(ended, other, elsewhere)
      await apply(store, { kind: 'delete-session', node: 'web-1', id: ended.id })
      assert.equal(await store.sessions.get('web-1', ended.id), undefined)
      assert.deepEqual(await store.sessions.list({ node: 'web-1' }), [other])
      assert.deepEqual(await store.sessions.list({ node: 'web-2' }), [elsewhere])
      await assert.rejects(apply(store, { kind: 'delete-session', node: 'web-1', id: ended.id }), {
        code: 'missing',
        subject: `session "web-1/${ended.id}"`,
      })
    })

    it('keeps those of a bot that is removed', async () => {
      const { store } = subject
      await applyBot(store, 'ci')
      await insertNodes('web-1')
      const there = session()
      await insert(there)
      await apply(store, { kind: 'delete-bot', name: 'ci' })
      assert.deepEqual(await store.sessions.list({ bot: 'ci' }), [there])
    })
  })
}
