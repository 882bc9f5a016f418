import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import type { Subject } from './store-contract.ts'
import { apply, applyBot, NOON, token } from './store-samples.ts'

export function describeRestores(subject: Subject): void {
  describe('restores', () => {
    const restore = (restoredAt: number) => ({ id: randomUUID(), takenAt: NOON, restoredAt })

    it('are read back, oldest first, also after it was opened again', async () => {
      const [first, second] = [restore(NOON + 1), restore(NOON + 2)]
      await apply(subject.store, { kind: 'record-restore', restore: second })
      await apply(subject.store, { kind: 'record-restore', restore: first })
      assert.deepEqual(await subject.store.restores.list(), [first, second])
      const reopened = await subject.reopen()
      assert.deepEqual(await reopened.restores.list(), [first, second])
    })

    it('end every join token that had not ended', async () => {
      const { store } = subject
      await applyBot(store)
      const [ofBot, ofNodes, rotated] = [
        token(),
        token({ kind: 'node', bot: undefined }),
        token({ invalidated: 'rotated' }),
      ]
      for (const each of [ofBot, ofNodes, rotated]) {
        await apply(store, { kind: 'insert-token', token: each })
      }
      await apply(store, { kind: 'record-restore', restore: restore(NOON) })
      const states = await Promise.all(
        [ofBot, ofNodes, rotated].map(({ secretHash }) => store.tokens.find(secretHash)),
      )
      assert.deepEqual(
        states.map((found) => found?.invalidated),
        ['restored', 'restored', 'rotated'],
      )
    })
  })
}
