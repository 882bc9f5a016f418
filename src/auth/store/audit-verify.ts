/** Reads the log from its beginning to its newest event, and hands it to a verifier. */
import { CHAIN_START } from '../audit-chain.ts'
import { AuditDamage } from '../audit-damage.ts'
import type { StoredAuditEvent } from '../audit-event.ts'
import type { AuditVerification } from '../audit-log.ts'
import { type AuditVerifier, createAuditVerifier, type Verified } from '../audit-verifier.ts'
import { StoreError } from '../storage.ts'
import type { Reading } from './sql.ts'
import { checkpointsIn } from './tables/audit-checkpoints.ts'
import { auditAnchor } from './tables/audit-pruning.ts'
import { EVENT_COLUMNS, toStoredEvent } from './tables/audit-row.ts'

const BATCH = 2_000

/**
 * Each batch is a read of its own, so that the store's log of changes doesn't grow meanwhile. Where
 * the log is pruned in between, it begins anew.
 *
 * @throws AuditDamage
 */
export async function verifyLog(
  database: Reading,
  { trust, held }: Pick<AuditVerification, 'trust' | 'held'>,
  onProgress: (events: number) => void,
  batch = BATCH,
): Promise<Verified> {
  for (;;) {
    const anchor = await auditAnchor(database)
    const head = anchor ?? CHAIN_START
    try {
      const verifier = createAuditVerifier(trust, { head, anchor }, held)
      await takeAll(database, batch, verifier, head.sequence, (last) =>
        onProgress(last - head.sequence),
      )
      return verifier.end()
    } catch (error) {
      if ((await auditAnchor(database))?.sequence === anchor?.sequence) throw error
    }
  }
}

async function takeAll(
  database: Reading,
  batch: number,
  verifier: AuditVerifier,
  after: number,
  onProgress: (last: number) => void,
): Promise<void> {
  let last = after
  for (let events = await eventsAfter(database, last, batch); events.length > 0; ) {
    const through = events.at(-1)?.sequence ?? last
    const checkpoints = new Map(
      (await checkpointsIn(database, { after: last, through, limit: batch })).map((it) => [
        it.sequence,
        it,
      ]),
    )
    for (const event of events) {
      verifier.event(event)
      const checkpoint = checkpoints.get(event.sequence)
      if (checkpoint) verifier.checkpoint(checkpoint)
    }
    last = through
    onProgress(last)
    events = await eventsAfter(database, last, batch)
  }
  // One of an event that isn't there any more tells that it was.
  const [beyond] = await checkpointsIn(database, {
    after: last,
    through: Number.MAX_SAFE_INTEGER,
    limit: 1,
  })
  if (beyond) verifier.checkpoint(beyond)
}

async function eventsAfter(
  database: Reading,
  after: number,
  batch: number,
): Promise<readonly StoredAuditEvent[]> {
  const rows = await database.values(
    `SELECT ${EVENT_COLUMNS} FROM audit_events WHERE sequence > :after
     ORDER BY sequence LIMIT :batch`,
    { after, batch },
  )
  return rows.map((row) => {
    try {
      return toStoredEvent(row)
    } catch (cause) {
      if (!(cause instanceof StoreError)) throw cause
      const sequence = typeof row[0] === 'number' ? row[0] : after + 1
      throw new AuditDamage('altered', sequence, cause.message, { cause })
    }
  })
}
