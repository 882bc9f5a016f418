import type { CheckpointRecord } from '../../audit-log.ts'
import { CHANGED, conflict, eventSubject } from '../conditions.ts'
import type { Connection } from './connection.ts'
import type { Row } from './row.ts'

export interface CheckpointRange {
  readonly after: number
  readonly through: number
  readonly limit: number
}

export function checkpointsIn(
  database: Connection,
  { after, through, limit }: CheckpointRange,
): readonly CheckpointRecord[] {
  return database
    .all(
      `SELECT * FROM audit_checkpoints WHERE sequence > :after AND sequence <= :through
       ORDER BY sequence LIMIT :limit`,
      { after, through, limit },
    )
    .map(toCheckpoint)
}

export function checkpointBefore(
  database: Connection,
  through: number,
): CheckpointRecord | undefined {
  const row = database.get(
    'SELECT * FROM audit_checkpoints WHERE sequence <= :through ORDER BY sequence DESC LIMIT 1',
    { through },
  )
  return row && toCheckpoint(row)
}

export function toCheckpoint(row: Row): CheckpointRecord {
  return {
    sequence: row.integer('sequence'),
    hash: row.bytes('hash'),
    time: row.integer('time'),
    signature: row.bytes('signature'),
  }
}

export function toParameters({ sequence, hash, time, signature }: CheckpointRecord) {
  return { sequence, hash, time, signature }
}

export function insertCheckpoint(database: Connection, checkpoint: CheckpointRecord): void {
  requireHash(database, checkpoint)
  database.run(
    `INSERT INTO audit_checkpoints (sequence, hash, time, signature)
     VALUES (:sequence, :hash, :time, :signature)
     ON CONFLICT DO NOTHING`,
    toParameters(checkpoint),
  )
}

export function requireHash(
  database: Connection,
  { sequence, hash }: Pick<CheckpointRecord, 'sequence' | 'hash'>,
): void {
  const row = database.get(
    'SELECT 1 FROM audit_events WHERE sequence = :sequence AND hash = :hash',
    { sequence, hash },
  )
  if (!row) throw conflict(eventSubject(sequence), CHANGED)
}
