import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { AuditEvent, StoredAuditEvent } from '../../src/auth/audit-event.ts'
import type { AuditFilter, AuditQuery } from '../../src/auth/audit-log.ts'
import type { Store } from '../../src/auth/storage.ts'
import type { Subject } from './store-contract.ts'
import { event } from './store-samples.ts'

/** More than a page may look at. */
const MANY = 20_000

const TYPES = ['bot.renew', 'bot.join', 'lock.create', 'session.start'] as const

/** Events of few bots, nodes and so on, in an order that repeats; the clock steps back at times. */
function sample(index: number): AuditEvent {
  const one = <T>(values: readonly [T, ...T[]], stride: number): T =>
    values[Math.floor(index / stride) % values.length] ?? values[0]
  const bot = one(['ci', 'deploy', undefined], 7)
  const node = one(['web-1', undefined, 'db-1'], 11)
  return event({
    time: 1_000 * index - (index % 5_000 < 100 ? 2_000_000 : 0) + 10_000_000,
    type: one(TYPES, 3),
    outcome: index % 97 === 0 ? 'refused' : 'success',
    actor: one(['local', 'hub', 'bot:ci'], 5),
    ...(bot !== undefined && { bot, instanceId: `${bot}-${index % 13}` }),
    fields: {
      ...(node !== undefined && { node, session: `${node}/${index % 501}` }),
      reason: 'x',
    },
  })
}

function passes(stored: StoredAuditEvent, filter: AuditFilter): boolean {
  const is = <T>(wanted: T | undefined, real: T) => wanted === undefined || wanted === real
  return (
    is(filter.type, stored.type) &&
    is(filter.actor, stored.actor) &&
    is(filter.bot, stored.bot) &&
    is(filter.instanceId, stored.instanceId) &&
    is(filter.node, stored.fields?.['node']) &&
    is(filter.session, stored.fields?.['session']) &&
    is(filter.outcome, stored.outcome) &&
    stored.time >= (filter.since ?? 0) &&
    stored.time < (filter.until ?? Number.POSITIVE_INFINITY) &&
    stored.sequence > (filter.after ?? 0) &&
    stored.sequence < (filter.before ?? Number.POSITIVE_INFINITY)
  )
}

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 })
const anyTime = fc.integer({ min: 7_000_000, max: 1_000 * MANY + 11_000_000 })
const anySequence = fc.integer({ min: 1, max: MANY + 10 })
const anyFilter: fc.Arbitrary<AuditFilter> = fc.record({
  type: maybe(fc.constantFrom(...TYPES, 'unknown')),
  actor: maybe(fc.constantFrom('local', 'hub', 'unknown')),
  bot: maybe(fc.constantFrom('ci', 'deploy', 'unknown')),
  instanceId: fc.option(fc.constantFrom('ci-3', 'deploy-12'), { nil: undefined, freq: 1 }),
  node: maybe(fc.constantFrom('web-1', 'db-1')),
  session: fc.option(fc.constantFrom('web-1/7', 'db-1/450'), { nil: undefined, freq: 1 }),
  outcome: maybe(fc.constantFrom('success', 'refused')),
  since: maybe(anyTime),
  until: maybe(anyTime),
  after: fc.option(anySequence, { nil: undefined, freq: 1 }),
  before: fc.option(anySequence, { nil: undefined, freq: 1 }),
})

export function describeAuditPages(subject: Subject): void {
  const allPages = async (store: Store, query: AuditQuery) => {
    const found: number[] = []
    let { after, before } = query
    for (;;) {
      const page = await store.audit.page({ ...query, after, before })
      assert.ok(page.events.length <= query.limit)
      found.push(...page.events.map(({ sequence }) => sequence))
      if (page.next === undefined) return found
      if (query.order === 'newest-first') before = page.next
      else after = page.next
    }
  }

  describe('audit pages', () => {
    it('hold exactly what passes the filter, in both orders, however much is between', async () => {
      const { store } = subject
      const events = Array.from({ length: MANY }, (_, index) => sample(index))
      await store.commit({ changes: [], events })
      const all = await store.audit.list({ limit: MANY })
      assert.equal(all.length, MANY)
      await fc.assert(
        fc.asyncProperty(anyFilter, fc.boolean(), async (filter, isNewestFirst) => {
          const expected = all
            .filter((stored) => passes(stored, filter))
            .map(({ sequence }) => sequence)
          const order = isNewestFirst ? 'newest-first' : 'oldest-first'
          const found = await allPages(store, { ...filter, order, limit: 5_000 })
          assert.deepEqual(found, isNewestFirst ? expected : expected.toReversed())
        }),
        { numRuns: 60 },
      )
    })

    it('end after the last event, and begin with the first', async () => {
      const { store } = subject
      await store.commit({ changes: [], events: [event(), event(), event()] })
      const page = (given: Partial<AuditQuery>) =>
        store.audit.page({ order: 'oldest-first', limit: 2, ...given })
      const first = await page({})
      assert.deepEqual([first.events.map(({ sequence }) => sequence), first.next], [[1, 2], 2])
      const second = await page({ after: 2 })
      assert.deepEqual(
        [second.events.map(({ sequence }) => sequence), second.next],
        [[3], undefined],
      )
      assert.deepEqual(await page({ after: 3 }), { events: [], next: undefined })
      assert.deepEqual(await page({ limit: 3 }).then(({ next }) => next), undefined)
    })
  })
}
