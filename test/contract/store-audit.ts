import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { AUDIT_EVENTS, isAuditEventType } from '../../src/auth/audit-catalogue.ts'
import { CHAIN_START, chainHash } from '../../src/auth/audit-chain.ts'
import { type AuditEvent, auditCode, EVENT_VERSION } from '../../src/auth/audit-event.ts'
import type { AuditFilter } from '../../src/auth/audit-log.ts'
import type { Store } from '../../src/auth/storage.ts'
import type { Subject } from './store-contract.ts'
import { event } from './store-samples.ts'

/** Fails unless the log is one chain without gaps from the first event to the last. */
export async function assertChain(store: Store): Promise<void> {
  const count = await store.audit.count()
  const newestFirst = await store.audit.list({ limit: count + 1 })
  assert.equal(newestFirst.length, count)
  let previous = CHAIN_START.hash
  for (const [index, stored] of newestFirst.toReversed().entries()) {
    assert.equal(stored.sequence, index + 1)
    assert.deepEqual(stored.hash, chainHash(previous, stored))
    previous = stored.hash
  }
}

const text = fc.string({ unit: 'binary', maxLength: 12 })
const anyEvent: fc.Arbitrary<AuditEvent> = fc.record(
  {
    time: fc.maxSafeNat(),
    type: fc.constantFrom(...Object.keys(AUDIT_EVENTS).filter(isAuditEventType)),
    outcome: fc.constantFrom('success', 'refused'),
    actor: text,
    address: text,
    bot: text,
    instanceId: text,
    fields: fc.dictionary(text, text, { maxKeys: 4 }),
  },
  { requiredKeys: ['time', 'type', 'outcome', 'actor', 'address'] },
)

export function describeAudit(subject: Subject): void {
  const append = (...events: readonly AuditEvent[]) => subject.store.commit({ changes: [], events })

  describe('audit', () => {
    it('reads back any event, with its code, sequence and hash', async () => {
      let sequence = 0
      let previous = CHAIN_START.hash
      await fc.assert(
        fc.asyncProperty(anyEvent, async (given) => {
          await append(given)
          const [stored] = await subject.store.audit.list({ limit: 1 })
          assert.ok(stored)
          const { code, hash, version, sequence: storedSequence, ...rest } = stored
          assert.deepEqual(
            { ...rest, fields: { ...rest.fields } },
            { ...given, fields: { ...given.fields } },
          )
          assert.equal(storedSequence, ++sequence)
          assert.deepEqual([code, version], [auditCode(given), EVENT_VERSION])
          assert.deepEqual(hash, chainHash(previous, { ...given, sequence, code }))
          previous = hash
        }),
        { numRuns: 50 },
      )
      await assertChain(subject.store)
    })

    it('chains what text can be: lone surrogates, zero bytes, fields in any order', async () => {
      await append(
        event({ actor: 'bot:\ud800', address: 'a\0b', bot: '\udfff', instanceId: '\0' }),
        event({ fields: { z: '\ud800', a: '\0', 1: '', ['__proto__']: 'x' } }),
        event({ fields: {} }),
      )
      await assertChain(subject.store)
    })

    it('counts on without gaps where acts are refused', async () => {
      const acts = Array.from({ length: 20 }, (_, index) =>
        subject.store.commit({
          changes: index % 3 === 0 ? [{ kind: 'touch-bot', name: 'unknown' }] : [],
          events: [event({ time: index }), event({ time: index })],
        }),
      )
      const results = await Promise.allSettled(acts)
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 13)
      assert.equal(await subject.store.audit.count(), 26)
      await assertChain(subject.store)
    })

    it('lists what the filter names, newest first', async () => {
      const { store } = subject
      await append(
        event({ time: 10, type: 'hub.start', actor: 'hub' }),
        event({ time: 20, type: 'bot.join', bot: 'ci', instanceId: 'one' }),
        event({ time: 30, bot: 'ci', instanceId: 'one' }),
        event({ time: 30, bot: 'ci', instanceId: 'two', outcome: 'refused' }),
        event({ time: 25, bot: 'other', instanceId: 'three' }),
      )
      const cases: readonly [Omit<AuditFilter, 'limit'>, readonly number[]][] = [
        [{}, [5, 4, 3, 2, 1]],
        [{ before: 3 }, [2, 1]],
        [{ type: 'bot.renew' }, [5, 4, 3]],
        [{ bot: 'ci' }, [4, 3, 2]],
        [{ bot: 'unknown' }, []],
        [{ instanceId: 'one' }, [3, 2]],
        [{ outcome: 'refused' }, [4]],
        [{ since: 25 }, [5, 4, 3]],
        [{ until: 25 }, [2, 1]],
        [{ since: 20, until: 30 }, [5, 2]],
        [{ bot: 'ci', type: 'bot.renew', outcome: 'success', since: 30, until: 31 }, [3]],
        [{ before: 4, bot: 'ci', instanceId: undefined }, [3, 2]],
      ]
      for (const [filter, expected] of cases) {
        const listed = await store.audit.list({ ...filter, limit: 10 })
        assert.deepEqual(
          listed.map(({ sequence }) => sequence),
          expected,
          JSON.stringify(filter),
        )
      }
      assert.equal((await store.audit.list({ limit: 2 })).length, 2)
    })
  })
}
