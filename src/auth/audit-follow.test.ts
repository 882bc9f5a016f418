import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { addEvents } from '../../test/fakes/audit-events.ts'
import { openTestAuth } from '../../test/fakes/auth.ts'
import { systemClock } from '../base/clock.ts'
import { followAudit } from './audit-follow.ts'
import type { AuditFilter } from './audit-log.ts'

describe('following the audit log', () => {
  it('brings what there is and what comes, each once, also over new beginnings', async () => {
    await using auth = await openTestAuth()
    const { store } = auth.context
    const start = (await store.audit.head()).sequence
    await addEvents(store, 700)
    const seen: number[] = []
    const writing = (async () => {
      for (let round = 0; round < 40; round++) {
        await addEvents(store, 1 + (round % 7))
        await new Promise((resolve) => setTimeout(resolve, round % 5))
      }
    })()
    // Cut off after every batch, or after a few.
    for (let cut = 1; seen.length < 700 || (await isBehind()); cut++) {
      const stopping = new AbortController()
      let batches = 0
      const filter: AuditFilter = { after: seen.at(-1) ?? start }
      for await (const events of followAudit(
        { store, clock: systemClock },
        filter,
        stopping.signal,
      )) {
        seen.push(...events.map(({ sequence }) => sequence))
        if (++batches >= cut % 3 || !(await isBehind())) stopping.abort()
      }
    }
    await writing
    for await (const events of followAudit(
      { store, clock: systemClock },
      { after: seen.at(-1) ?? 0 },
      AbortSignal.timeout(300),
    )) {
      seen.push(...events.map(({ sequence }) => sequence))
    }
    const newest = (await store.audit.head()).sequence
    assert.deepEqual(
      seen,
      Array.from({ length: newest - start }, (_, index) => start + 1 + index),
    )

    async function isBehind(): Promise<boolean> {
      return (seen.at(-1) ?? 0) < (await store.audit.head()).sequence
    }
  })

  it('brings what passes the filter, and nothing else', async () => {
    await using auth = await openTestAuth()
    const { store } = auth.context
    const stopping = new AbortController()
    const seen: string[] = []
    const following = (async () => {
      const filter = { after: 0, type: 'authority.create' }
      for await (const events of followAudit(
        { store, clock: systemClock },
        filter,
        stopping.signal,
      )) {
        seen.push(...events.map(({ type }) => type))
        stopping.abort()
      }
    })()
    await addEvents(store, 3)
    await following
    assert.deepEqual(seen, ['authority.create', 'authority.create', 'authority.create'])
  })
})
