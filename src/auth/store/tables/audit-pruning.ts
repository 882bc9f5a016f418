/**
 * Retention: the log begins after its anchor. What is before is no longer read from the moment that
 * the anchor is set, and dropped little by little, so that nobody waits long for the writer.
 */
import type { CheckpointRecord } from '../../audit-log.ts'
import { eventSubject, missing } from '../conditions.ts'
import { expectNone, type Reading, type Step, write } from '../sql.ts'
import { BLOCK_SIZE } from './audit-blocks.ts'
import { expectHash, toCheckpoint, toParameters } from './audit-checkpoints.ts'

export async function auditAnchor(database: Reading): Promise<CheckpointRecord | undefined> {
  const row = await database.get('SELECT * FROM audit_anchor')
  return row && toCheckpoint(row)
}

export async function leftovers(database: Reading): Promise<number> {
  const anchor = await auditAnchor(database)
  const oldest = (
    await database.get('SELECT sequence FROM audit_events ORDER BY sequence LIMIT 1')
  )?.integer('sequence')
  if (!anchor || oldest === undefined) return 0
  return Math.max(0, anchor.sequence - oldest + 1)
}

export function pruneEvents(anchor: CheckpointRecord): readonly Step[] {
  const { sequence } = anchor
  return [
    expectNone('SELECT 1 FROM audit_anchor WHERE sequence >= :sequence', { sequence }, () =>
      missing(eventSubject(sequence)),
    ),
    expectHash(anchor),
    write('DELETE FROM audit_anchor', {}),
    write(
      `INSERT INTO audit_anchor (sequence, hash, time, signature)
       VALUES (:sequence, :hash, :time, :signature)`,
      toParameters(anchor),
    ),
  ]
}

/** Checkpoints go with their event, blocks with their last one. */
export function dropPrunedEvents(limit: number): readonly Step[] {
  const anchor = '(SELECT sequence FROM audit_anchor)'
  const oldest = `(SELECT coalesce(min(sequence), ${Number.MAX_SAFE_INTEGER}) FROM audit_events)`
  const dropWith = (table: string, event: string) =>
    write(`DELETE FROM ${table} WHERE ${event} <= ${anchor} AND ${event} < ${oldest}`, {})
  return [
    write(
      `DELETE FROM audit_events WHERE sequence <= ${anchor}
         AND sequence < (SELECT min(sequence) FROM audit_events) + :limit`,
      { limit },
    ),
    dropWith('audit_checkpoints', 'sequence'),
    dropWith('audit_blocks', `(block + 1) * ${BLOCK_SIZE}`),
  ]
}
