import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { CLUSTER, fakeLog, forged } from '../../../../test/fakes/audit-log.ts'
import { CHAIN_START } from '../../audit-chain.ts'
import { AuditDamage } from '../../audit-damage.ts'
import type { AuditEvent } from '../../audit-event.ts'
import { verifyLog } from '../audit-verify.ts'
import { applyChange } from './apply.ts'
import { appendEvent } from './audit-events.ts'
import { Connection } from './connection.ts'
import { migrate } from './migrations/migrate.ts'

const COUNT = 47
const log = fakeLog(COUNT)
const trust = { clusterId: CLUSTER, keys: [log.key] }

let directory: string
let database: Connection
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mezite-verify-'))
  database = new Connection(join(directory, 'hub.db'), { busyTimeoutMs: 0 })
  database.execute('PRAGMA synchronous = OFF')
  migrate(database, 0)
  const insertCheckpoint = (sequence: number) =>
    applyChange(database, { kind: 'insert-checkpoint', checkpoint: log.checkpointOf(sequence) })
  let head = CHAIN_START
  for (const event of log.events) {
    // The fake log has events of one type, which the catalogue knows.
    head = appendEvent(database, head, { ...event, type: 'bot.renew' } satisfies AuditEvent)
    if (event.sequence % 5 === 0) insertCheckpoint(event.sequence)
  }
  insertCheckpoint(COUNT)
})
after(async () => {
  database.close()
  await rm(directory, { recursive: true })
})

/** What is found wrong while `sql` is in force, which is then taken back. */
async function damageAfter(
  ...sql: readonly string[]
): Promise<{ code: string; sequence: number | undefined }> {
  database.execute('BEGIN')
  try {
    for (const statement of sql) database.execute(statement)
    await verifyLog(database, { trust }, () => {})
  } catch (error) {
    assert.ok(error instanceof AuditDamage, String(error))
    return { code: error.code, sequence: error.sequence }
  } finally {
    database.execute('ROLLBACK')
  }
  return assert.fail(`nothing was found after ${sql.join('; ')}`)
}

const anySequence = fc.integer({ min: 1, max: COUNT })

describe('verifyLog', () => {
  it('passes what was written', async () => {
    const progress: number[] = []
    const verified = await verifyLog(database, { trust }, (events) => progress.push(events))
    assert.deepEqual(
      [verified.first, verified.last, verified.checkpoints, verified.signed?.sequence],
      [1, COUNT, 10, COUNT],
    )
    assert.deepEqual(progress, [COUNT])
    for (const sequence of [0, 1, 30, COUNT]) {
      await verifyLog(database, { trust, held: log.checkpointOf(sequence) }, () => {})
    }
  })

  const columns: Readonly<Record<string, string>> = {
    time: 'time + 1',
    type: `'bot.join'`,
    code: `'MZ4001I'`,
    outcome: `'refused'`,
    actor: `'hub'`,
    address: `''`,
    bot: `'other'`,
    instance_id: `'two'`,
    fields: `'{"generation":"0"}'`,
    hash: 'zeroblob(32)',
  }
  for (const [column, value] of Object.entries(columns)) {
    it(`names the event whose ${column} was altered`, async () => {
      await fc.assert(
        fc.asyncProperty(anySequence, async (sequence) => {
          assert.deepEqual(
            await damageAfter(
              `UPDATE audit_events SET ${column} = ${value} WHERE sequence = ${sequence}`,
            ),
            { code: 'altered', sequence },
          )
        }),
        { numRuns: 15 },
      )
    })
  }

  it('names the event that was removed, or from which on all were', async () => {
    await fc.assert(
      fc.asyncProperty(anySequence, fc.constantFrom('=', '>='), async (sequence, operator) => {
        const found = await damageAfter(
          `DELETE FROM audit_events WHERE sequence ${operator} ${sequence}`,
        )
        assert.deepEqual(found, { code: 'missing', sequence })
      }),
      { numRuns: 40 },
    )
  })

  it('names the first of two events that were exchanged', async () => {
    await fc.assert(
      fc.asyncProperty(anySequence, anySequence, async (one, other) => {
        fc.pre(one !== other)
        const to = (from: number, sequence: number) =>
          `UPDATE audit_events SET sequence = ${sequence} WHERE sequence = ${from}`
        assert.deepEqual(await damageAfter(to(one, 1_000), to(other, one), to(1_000, other)), {
          code: 'altered',
          sequence: Math.min(one, other),
        })
      }),
      { numRuns: 40 },
    )
  })

  it('names an event that was put in after the newest', async () => {
    const last = log.events.at(-1)
    assert.ok(last)
    const extra = forged({ ...last, sequence: COUNT + 1 }, Buffer.alloc(32))
    assert.deepEqual(
      await damageAfter(
        `INSERT INTO audit_events (sequence, time, type, outcome, actor, address, hash)
         VALUES (${COUNT + 1}, 1, 'bot.renew', 'success', 'local', '', x'${extra.hash.toString('hex')}')`,
      ),
      { code: 'altered', sequence: COUNT + 1 },
    )
  })

  it('names an event that no hub can have written', async () => {
    assert.deepEqual(
      await damageAfter(`UPDATE audit_events SET fields = '["x"]' WHERE sequence = 9`),
      {
        code: 'altered',
        sequence: 9,
      },
    )
  })

  it('finds a log that was written anew from some event on, at the next checkpoint', async () => {
    let previous: Uint8Array = log.events[11]?.hash ?? Buffer.alloc(0)
    const rewrite = log.events.slice(12).map((event) => {
      const next = forged(event, previous)
      previous = next.hash
      return `UPDATE audit_events SET actor = 'local', hash = x'${next.hash.toString('hex')}'
              WHERE sequence = ${event.sequence}`
    })
    assert.deepEqual(await damageAfter(...rewrite), { code: 'contradiction', sequence: 15 })
    // With the checkpoints gone too, only one that is held elsewhere tells.
    database.execute('BEGIN')
    for (const sql of [...rewrite, 'DELETE FROM audit_checkpoints WHERE sequence > 12']) {
      database.execute(sql)
    }
    assert.equal((await verifyLog(database, { trust }, () => {})).signed?.sequence, 10)
    await assert.rejects(
      verifyLog(database, { trust, held: log.checkpointOf(20) }, () => {}),
      {
        code: 'contradiction',
      },
    )
    database.execute('ROLLBACK')
  })

  it('begins at the anchor, and nowhere else', async () => {
    database.execute('BEGIN')
    applyChange(database, { kind: 'prune-events', anchor: log.anchorAt(20) })
    assert.equal((await verifyLog(database, { trust }, () => {})).begins, 'at-anchor')
    applyChange(database, { kind: 'drop-pruned-events', limit: 100 })
    assert.equal((await verifyLog(database, { trust }, () => {})).first, 21)
    database.execute('ROLLBACK')
    assert.deepEqual(await damageAfter('DELETE FROM audit_events WHERE sequence <= 20'), {
      code: 'missing',
      sequence: 1,
    })
    // A checkpoint put in the anchor's place.
    const posed = `INSERT INTO audit_anchor SELECT * FROM audit_checkpoints WHERE sequence = 20`
    assert.deepEqual(await damageAfter(posed, 'DELETE FROM audit_events WHERE sequence <= 20'), {
      code: 'bad-signature',
      sequence: 20,
    })
  })
})
