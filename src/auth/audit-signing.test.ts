import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { addEvents, tamper } from '../../test/fakes/audit-events.ts'
import { openTestAuth } from '../../test/fakes/auth.ts'
import { WakingClock } from '../../test/fakes/waking-clock.ts'
import { MINUTE } from '../base/clock.ts'
import { verifyStatement } from './audit-checkpoint.ts'
import type { AuditDamage } from './audit-damage.ts'
import { createAuditSigning } from './audit-signing.ts'

const NOBODY = { onProgress: () => {}, held: undefined, signal: new AbortController().signal }

/** Until what runs in the background has come to rest. */
async function settled(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await isSo()); tries++) {
    assert.ok(tries < 1_000, 'nothing happened')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

describe('signing the audit log', () => {
  it('signs the newest event, and once is enough', async () => {
    await using auth = await openTestAuth()
    const { store } = auth.context
    const { signing } = auth.audit
    const first = await signing.checkpoint()
    assert.ok(first)
    verifyStatement(signing.trust, 'checkpoint', first)
    assert.equal(first.sequence, (await store.audit.head()).sequence)
    auth.clock.advance(MINUTE)
    assert.deepEqual(await signing.checkpoint(), first)
    await addEvents(store, 3)
    const second = await signing.checkpoint()
    assert.deepEqual([second?.sequence, second?.time], [first.sequence + 3, auth.clock.now()])
    const range = { after: 0, through: 100, limit: 10 }
    assert.deepEqual(await store.audit.checkpoints(range), [first, second])
  })

  it('gives the same checkpoint to all who ask at once', async () => {
    await using auth = await openTestAuth()
    const { signing } = auth.audit
    const all = await Promise.all(Array.from({ length: 5 }, () => signing.checkpoint()))
    assert.equal(new Set(all.map((each) => each?.signature.toString('hex'))).size, 1)
  })

  it('takes over a log of a release that did not sign, of any length', async () => {
    await using auth = await openTestAuth()
    await addEvents(auth.context.store, 12_000)
    const checkpoint = await auth.audit.signing.checkpoint()
    assert.equal(checkpoint?.sequence, (await auth.context.store.audit.head()).sequence)
    const verified = await auth.audit.verify(NOBODY)
    assert.equal(verified.signed?.sequence, verified.last)
  })

  const damages: readonly (readonly [what: string, sql: string, code: string, sequence: number])[] =
    [
      [
        'an event was altered',
        `UPDATE audit_events SET actor = 'x' WHERE sequence = 12`,
        'altered',
        12,
      ],
      ['an event is gone', 'DELETE FROM audit_events WHERE sequence = 12', 'missing', 12],
      ['the end is gone', 'DELETE FROM audit_events WHERE sequence > 8', 'missing', 9],
      [
        'a row is nonsense',
        `UPDATE audit_events SET fields = '[1]' WHERE sequence = 12`,
        'malformed',
        0,
      ],
    ]
  for (const [what, sql, code, sequence] of damages) {
    it(`finds that ${what}, says so once, and signs no more`, async () => {
      const found: AuditDamage[] = []
      await using auth = await openTestAuth({ audit: { onDamage: (it) => found.push(it) } })
      const { store } = auth.context
      const { signing } = auth.audit
      await addEvents(store, 10 - (await store.audit.head()).sequence)
      await signing.checkpoint()
      await addEvents(store, 5)
      tamper(auth.database, sql)
      await assert.rejects(signing.checkpoint(), { code: 'audit-damaged' })
      await assert.rejects(signing.checkpoint(), { code: 'audit-damaged' })
      assert.deepEqual(
        found.map((it) => [it.code, it.sequence ?? 0]),
        [[code, sequence]],
      )
      const [event, ...more] = await store.audit.list({ type: 'audit.checkpoint', limit: 9 })
      assert.deepEqual(
        [event?.outcome, event?.fields?.['reason'], more.length],
        ['refused', code, 0],
      )
      await assert.rejects(auth.audit.verify(NOBODY), { name: 'AuditDamage' })
    })
  }

  it('is not deceived by a log that was written anew behind what it has signed', async () => {
    await using auth = await openTestAuth()
    const { store } = auth.context
    await addEvents(store, 5)
    await auth.audit.signing.checkpoint()
    // The checkpoint goes with the event that it is of: in the store, nothing contradicts.
    const { sequence } = await store.audit.head()
    tamper(
      auth.database,
      `DELETE FROM audit_events WHERE sequence = ${sequence}; DELETE FROM audit_checkpoints`,
    )
    await addEvents(store, 1)
    await assert.rejects(auth.audit.signing.checkpoint(), { code: 'audit-damaged' })
  })

  it('trusts no checkpoint in the store that the hub has not signed', async () => {
    await using auth = await openTestAuth()
    await auth.audit.signing.checkpoint()
    await addEvents(auth.context.store, 1)
    tamper(auth.database, `UPDATE audit_checkpoints SET signature = x'00'`)
    const restarted = createAuditSigning(auth.context)
    await assert.rejects(restarted.checkpoint(), { code: 'audit-damaged' })
  })

  it('signs at its start, after a thousand events, and after five minutes where there were fewer', async () => {
    const clock = new WakingClock()
    await using auth = await openTestAuth({ clock })
    const { store } = auth.context
    const stopping = new AbortController()
    const running = auth.audit.signing.run(stopping.signal)
    const signedThrough = async () =>
      (await store.audit.checkpointBefore(Number.MAX_SAFE_INTEGER))?.sequence
    const isSigned = async () => (await signedThrough()) === (await store.audit.head()).sequence

    await settled(isSigned)
    await settled(async () => clock.sleeping === 1)
    const first = await signedThrough()
    await addEvents(store, 999)
    assert.equal(await signedThrough(), first)
    await addEvents(store, 1)
    await settled(isSigned)

    await settled(async () => clock.sleeping === 1)
    await addEvents(store, 1)
    clock.advance(4 * MINUTE)
    assert.equal(await isSigned(), false)
    clock.advance(MINUTE)
    await settled(isSigned)
    stopping.abort()
    await running
  })
})
