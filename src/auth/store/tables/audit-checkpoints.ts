import type { CheckpointRecord } from '../../audit-log.ts'
import { CHANGED, conflict, eventSubject } from '../conditions.ts'
import type { Row } from '../row.ts'
import { expect, type Reading, type Step, write } from '../sql.ts'

export interface CheckpointRange {
  readonly after: number
  readonly through: number
  readonly limit: number
}

export async function checkpointsIn(
  database: Reading,
  { after, through, limit }: CheckpointRange,
): Promise<readonly CheckpointRecord[]> {
  return (
    await database.all(
      `SELECT * FROM audit_checkpoints WHERE sequence > :after AND sequence <= :through
       ORDER BY sequence LIMIT :limit`,
      { after, through, limit },
    )
  ).map(toCheckpoint)
}

export async function checkpointBefore(
  database: Reading,
  through: number,
): Promise<CheckpointRecord | undefined> {
  const row = await database.get(
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

export function insertCheckpoint(checkpoint: CheckpointRecord): readonly Step[] {
  return [
    expectHash(checkpoint),
    write(
      `INSERT INTO audit_checkpoints (sequence, hash, time, signature)
       VALUES (:sequence, :hash, :time, :signature)
       ON CONFLICT DO NOTHING`,
      toParameters(checkpoint),
    ),
  ]
}

export function expectHash({ sequence, hash }: Pick<CheckpointRecord, 'sequence' | 'hash'>): Step {
  return expect(
    'SELECT 1 FROM audit_events WHERE sequence = :sequence AND hash = :hash',
    { sequence, hash },
    () => conflict(eventSubject(sequence), CHANGED),
  )
}
