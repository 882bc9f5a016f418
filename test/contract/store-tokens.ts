import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import type { RedemptionRecord } from '../../src/auth/records.ts'
import type { Subject } from './store-contract.ts'
import { apply, applyBot, instance, token } from './store-samples.ts'

export function describeTokens(subject: Subject): void {
  const redemptionOf = (tokenId: string): RedemptionRecord => ({
    tokenId,
    keyFingerprint: randomBytes(32),
    instanceId: randomUUID(),
  })

  describe('tokens', () => {
    it('reads back what was inserted, newest first', async () => {
      const { store } = subject
      await applyBot(store)
      const old = token({ createdAt: 1, invalidated: 'rotated', uses: 3 })
      const young = token({ createdAt: 2 })
      await apply(store, { kind: 'insert-token', token: old })
      await apply(store, { kind: 'insert-token', token: young })
      assert.deepEqual(await store.tokens.find(old.secretHash), old)
      assert.equal(await store.tokens.find(randomBytes(32)), undefined)
      assert.deepEqual(await store.tokens.listForBot('ci'), [young, old])
      assert.deepEqual(await store.tokens.listForBot('other'), [])
    })

    it('refuses one that exists, by identifier or secret, and one of no bot', async () => {
      const { store } = subject
      await applyBot(store)
      const first = token()
      await apply(store, { kind: 'insert-token', token: first })
      for (const again of [token({ id: first.id }), token({ secretHash: first.secretHash })]) {
        await assert.rejects(apply(store, { kind: 'insert-token', token: again }), {
          code: 'exists',
          subject: `join token "${again.id}"`,
        })
      }
      const orphan = token({ bot: 'unknown' })
      await assert.rejects(apply(store, { kind: 'insert-token', token: orphan }), {
        code: 'missing',
        subject: 'bot "unknown"',
      })
    })

    it('keeps those of nodes apart, newest first', async () => {
      const { store } = subject
      await applyBot(store)
      const [old, young] = [
        token({ createdAt: 1, kind: 'node', bot: undefined }),
        token({ createdAt: 2, kind: 'node', bot: undefined, uses: 5, usesLeft: 5 }),
      ]
      for (const each of [old, young, token()]) {
        await apply(store, { kind: 'insert-token', token: each })
      }
      assert.deepEqual(await store.tokens.listForNodes(), [young, old])
      assert.deepEqual(await store.tokens.find(old.secretHash), old)
      assert.equal((await store.tokens.listForBot('ci')).length, 1)
      await apply(store, { kind: 'redeem-token', redemption: redemptionOf(young.id) })
      assert.equal((await store.tokens.find(young.secretHash))?.usesLeft, 4)
      await apply(store, { kind: 'invalidate-tokens', bot: 'ci', reason: 'rotated' })
      assert.equal((await store.tokens.find(old.secretHash))?.invalidated, undefined)
    })

    it('deletes one with its redemptions', async () => {
      const { store } = subject
      await applyBot(store)
      const [used, other] = [token({ kind: 'node', bot: undefined }), token()]
      const [redemption, kept] = [redemptionOf(used.id), redemptionOf(other.id)]
      await apply(
        store,
        { kind: 'insert-token', token: used },
        { kind: 'insert-token', token: other },
        { kind: 'redeem-token', redemption },
        { kind: 'redeem-token', redemption: kept },
      )
      await apply(store, { kind: 'delete-token', id: used.id })
      assert.equal(await store.tokens.find(used.secretHash), undefined)
      assert.equal(await store.tokens.redemption(used.id, redemption.keyFingerprint), undefined)
      assert.deepEqual(await store.tokens.listForNodes(), [])
      assert.deepEqual(await store.tokens.redemption(other.id, kept.keyFingerprint), kept)
      const gone = { code: 'missing', subject: `join token "${used.id}"` }
      await assert.rejects(apply(store, { kind: 'delete-token', id: used.id }), gone)
      await assert.rejects(apply(store, { kind: 'redeem-token', redemption }), gone)
    })

    it('takes one use for each redemption, until none is left', async () => {
      const { store } = subject
      await applyBot(store)
      const twice = token({ uses: 2, usesLeft: 2 })
      await apply(store, { kind: 'insert-token', token: twice })
      const [first, second] = [redemptionOf(twice.id), redemptionOf(twice.id)]
      await apply(store, { kind: 'redeem-token', redemption: first })
      assert.equal((await store.tokens.find(twice.secretHash))?.usesLeft, 1)
      assert.deepEqual(await store.tokens.redemption(twice.id, first.keyFingerprint), first)
      assert.equal(await store.tokens.redemption(twice.id, second.keyFingerprint), undefined)

      await assert.rejects(apply(store, { kind: 'redeem-token', redemption: first }), {
        code: 'conflict',
        subject: `join token "${twice.id}"`,
        message: /with these keys before/,
      })
      assert.equal((await store.tokens.find(twice.secretHash))?.usesLeft, 1)

      await apply(store, { kind: 'redeem-token', redemption: second })
      const third = redemptionOf(twice.id)
      await assert.rejects(apply(store, { kind: 'redeem-token', redemption: third }), {
        code: 'conflict',
        subject: `join token "${twice.id}"`,
      })
      assert.equal((await store.tokens.find(twice.secretHash))?.usesLeft, 0)
      assert.equal(await store.tokens.redemption(twice.id, third.keyFingerprint), undefined)

      await assert.rejects(
        apply(store, { kind: 'redeem-token', redemption: redemptionOf('unknown') }),
        { code: 'missing', subject: 'join token "unknown"' },
      )
    })

    it('lets one of 64 concurrent acts redeem a one-time token', async () => {
      const { store } = subject
      await applyBot(store)
      const once = token()
      await apply(store, { kind: 'insert-token', token: once })
      const joins = Array.from({ length: 64 }, () => instance())
      const results = await Promise.allSettled(
        joins.map((joined) =>
          apply(
            store,
            { kind: 'insert-instance', instance: joined },
            {
              kind: 'redeem-token',
              redemption: {
                tokenId: once.id,
                keyFingerprint: joined.keyFingerprint,
                instanceId: joined.id,
              },
            },
          ),
        ),
      )
      const winners = joins.filter((_, index) => results[index]?.status === 'fulfilled')
      assert.equal(winners.length, 1)
      for (const result of results) {
        if (result.status === 'rejected') assert.equal(result.reason.code, 'conflict')
      }
      assert.deepEqual(await store.instances.listForBot('ci'), winners)
      assert.equal(await store.audit.count(), 3, 'those of the bot, the token and the one join')
    })

    it('invalidates those of the bot that are not invalidated yet', async () => {
      const { store } = subject
      await applyBot(store, 'ci')
      await applyBot(store, 'other')
      const [before, open, used, others] = [
        token({ createdAt: 3, invalidated: 'rotated' }),
        token({ createdAt: 2 }),
        token({ createdAt: 1, usesLeft: 0 }),
        token({ bot: 'other' }),
      ]
      for (const each of [before, open, used, others]) {
        await apply(store, { kind: 'insert-token', token: each })
      }
      await apply(store, { kind: 'invalidate-tokens', bot: 'ci', reason: 'bot-removed' })
      assert.deepEqual(await store.tokens.listForBot('ci'), [
        before,
        { ...open, invalidated: 'bot-removed' },
        { ...used, invalidated: 'bot-removed' },
      ])
      assert.deepEqual(await store.tokens.listForBot('other'), [others])
      await assert.rejects(
        apply(store, { kind: 'redeem-token', redemption: redemptionOf(open.id) }),
        { code: 'conflict', subject: `join token "${open.id}"` },
      )
      await apply(store, { kind: 'invalidate-tokens', bot: 'unknown', reason: 'rotated' })
    })
  })
}
