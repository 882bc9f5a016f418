/**
 * Retention: the log begins after its anchor. What is before is no longer read from the moment that
 * the anchor is set, and dropped little by little, so that nobody waits long for the writer.
 */
import type { CheckpointRecord } from '../../audit-log.ts'
import { eventSubject, missing } from '../conditions.ts'
import { BLOCK_SIZE } from './audit-blocks.ts'
import { requireHash, toCheckpoint, toParameters } from './audit-checkpoints.ts'
import type { Connection } from './connection.ts'

export function auditAnchor(database: Connection): CheckpointRecord | undefined {
  const row = database.get('SELECT * FROM audit_anchor')
  return row && toCheckpoint(row)
}

export function pruneEvents(database: Connection, anchor: CheckpointRecord): void {
  const before = auditAnchor(database)
  if (before && before.sequence >= anchor.sequence) throw missing(eventSubject(anchor.sequence))
  requireHash(database, anchor)
  database.run('DELETE FROM audit_anchor')
  database.run(
    `INSERT INTO audit_anchor (sequence, hash, time, signature)
     VALUES (:sequence, :hash, :time, :signature)`,
    toParameters(anchor),
  )
}

export function leftovers(database: Connection): number {
  const anchor = auditAnchor(database)
  const oldest = oldestRow(database)
  if (!anchor || oldest === undefined) return 0
  return Math.max(0, anchor.sequence - oldest + 1)
}

export function dropPrunedEvents(database: Connection, limit: number): void {
  const anchor = auditAnchor(database)
  const oldest = oldestRow(database)
  if (!anchor || oldest === undefined) return
  const through = Math.min(anchor.sequence, oldest + limit - 1)
  database.run('DELETE FROM audit_events WHERE sequence <= :through', { through })
  database.run('DELETE FROM audit_checkpoints WHERE sequence <= :through', { through })
  database.run('DELETE FROM audit_blocks WHERE block < :block', {
    block: Math.floor(through / BLOCK_SIZE),
  })
}

function oldestRow(database: Connection): number | undefined {
  return database
    .get('SELECT sequence FROM audit_events ORDER BY sequence LIMIT 1')
    ?.integer('sequence')
}
