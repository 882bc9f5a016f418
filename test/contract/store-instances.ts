import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import type { Subject } from './store-contract.ts'
import { apply, applyBot, instance, renewed } from './store-samples.ts'

const LARGEST = 2n ** 64n - 1n

export function describeInstances(subject: Subject): void {
  describe('instances', () => {
    it('reads back what was inserted, newest join first', async () => {
      const { store } = subject
      await applyBot(store)
      const [old, young] = [
        instance({ joinedAt: 1, previousKeyFingerprint: randomBytes(32) }),
        instance({ joinedAt: 2 }),
      ]
      await apply(store, { kind: 'insert-instance', instance: old })
      await apply(store, { kind: 'insert-instance', instance: young })
      assert.deepEqual(await store.instances.get(old.id), old)
      assert.equal(await store.instances.get('unknown'), undefined)
      assert.deepEqual(await store.instances.listForBot('ci'), [young, old])
      assert.deepEqual(await store.instances.listForBot('other'), [])
      assert.equal(await store.instances.count(), 2)
      const seen = async (before: number, endsAfter: number) =>
        (await store.instances.listSeenBefore(before, endsAfter)).map(({ id }) => id)
      const { lastSeenAt, identityExpiresAt } = old
      assert.deepEqual((await seen(lastSeenAt + 1, identityExpiresAt - 1)).includes(old.id), true)
      assert.deepEqual(await seen(lastSeenAt, identityExpiresAt - 1), [])
      assert.deepEqual(await seen(lastSeenAt + 1, identityExpiresAt), [])
    })

    it('refuses one that exists, and one of no bot', async () => {
      const { store } = subject
      await applyBot(store)
      const first = instance()
      await apply(store, { kind: 'insert-instance', instance: first })
      const again = instance({ id: first.id })
      await assert.rejects(apply(store, { kind: 'insert-instance', instance: again }), {
        code: 'exists',
        subject: `bot instance "${first.id}"`,
      })
      const orphan = instance({ bot: 'unknown' })
      await assert.rejects(apply(store, { kind: 'insert-instance', instance: orphan }), {
        code: 'missing',
        subject: 'bot "unknown"',
      })
      assert.deepEqual(await store.instances.listForBot('ci'), [first])
    })

    it('keeps all 64 bits of a generation and of a serial', async () => {
      const { store } = subject
      await applyBot(store)
      for (const extreme of [0n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, LARGEST]) {
        const first = instance({ generation: extreme, certificateSerial: LARGEST - extreme })
        await apply(store, { kind: 'insert-instance', instance: first })
        assert.deepEqual(await store.instances.get(first.id), first)
        const next = { ...first, generation: LARGEST - extreme, certificateSerial: extreme }
        await apply(store, { kind: 'replace-instance', expected: first, instance: next })
        assert.deepEqual(await store.instances.get(first.id), next)
      }
    })

    it('refuses alone an act with a number of more than 64 bits', async () => {
      const { store } = subject
      await applyBot(store)
      const [good, bad] = [instance(), instance({ certificateSerial: LARGEST + 1n })]
      const [goodResult, badResult] = await Promise.allSettled([
        apply(store, { kind: 'insert-instance', instance: good }),
        apply(store, { kind: 'insert-instance', instance: bad }),
      ])
      assert.equal(goodResult.status, 'fulfilled')
      assert.equal(badResult.status, 'rejected')
      assert.deepEqual(await store.instances.listForBot('ci'), [good])
    })

    it('replaces one that stands at the expected generation and key', async () => {
      const { store } = subject
      await applyBot(store, 'ci')
      await applyBot(store, 'other')
      const first = instance()
      await apply(store, { kind: 'insert-instance', instance: first })
      const second = {
        ...renewed(first),
        sshKeyFingerprint: randomBytes(32),
        joinedAt: first.joinedAt + 1,
        certificateExpiresAt: 1,
        identityExpiresAt: 2,
        clientVersion: '0.2.0',
        clientHost: 'runner-2',
        address: '2001:db8::1',
      }
      await apply(store, { kind: 'replace-instance', expected: first, instance: second })
      assert.deepEqual(await store.instances.get(first.id), second)

      const third = renewed(second)
      const refusals = [
        { expected: first, instance: third },
        { expected: { ...second, generation: 3n }, instance: third },
        { expected: { ...second, keyFingerprint: randomBytes(32) }, instance: third },
        { expected: second, instance: { ...third, bot: 'other' } },
        { expected: second, instance: { ...third, id: 'unknown' } },
      ]
      for (const refused of refusals) {
        await assert.rejects(apply(store, { kind: 'replace-instance', ...refused }), {
          code: 'conflict',
          subject: `bot instance "${refused.instance.id}"`,
        })
      }
      assert.deepEqual(await store.instances.get(first.id), second)
    })

    it('lets one of 64 concurrent renewals from the same generation through', async () => {
      const { store } = subject
      await applyBot(store)
      const first = instance()
      await apply(store, { kind: 'insert-instance', instance: first })
      const renewals = Array.from({ length: 64 }, () => renewed(first))
      const results = await Promise.allSettled(
        renewals.map((next) =>
          apply(store, { kind: 'replace-instance', expected: first, instance: next }),
        ),
      )
      const winners = renewals.filter((_, index) => results[index]?.status === 'fulfilled')
      assert.equal(winners.length, 1)
      assert.deepEqual(await store.instances.listForBot('ci'), winners)
    })
  })
}
