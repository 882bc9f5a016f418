/**
 * By which sequences a time finds its events. The earliest and the latest time of each full block of
 * events bound where it can be; what they leave over is at most one block too much at each end, as
 * long as the clock doesn't step.
 */
import type { Connection } from './connection.ts'

/** As in the schema. */
export const BLOCK_SIZE = 1_024

/** Sequences, inclusive; no event outside can match. */
export interface SequenceRange {
  readonly first: number
  readonly last: number
}

/** To be called with each sequence that was appended. */
export function closeBlock(database: Connection, sequence: number): void {
  if (sequence % BLOCK_SIZE !== 0) return
  database.run(
    `INSERT INTO audit_blocks (block, earliest, latest)
     SELECT :block, min(time), max(time) FROM audit_events WHERE sequence > :after
     HAVING count(*) = ${BLOCK_SIZE}
     ON CONFLICT DO NOTHING`,
    { block: sequence / BLOCK_SIZE - 1, after: sequence - BLOCK_SIZE },
  )
}

export function firstSince(database: Connection, since: number): number {
  const block = database
    .get('SELECT block FROM audit_blocks WHERE latest >= :since ORDER BY block LIMIT 1', { since })
    ?.integer('block')
  return block === undefined ? lastFull(database) + 1 : block * BLOCK_SIZE + 1
}

export function lastUntil(database: Connection, until: number): number {
  const full = lastFull(database)
  const isInRest = database.get(
    'SELECT 1 FROM audit_events WHERE sequence > :full AND time < :until LIMIT 1',
    { full, until },
  )
  if (isInRest) return Number.MAX_SAFE_INTEGER
  const block = database
    .get('SELECT block FROM audit_blocks WHERE earliest < :until ORDER BY block DESC LIMIT 1', {
      until,
    })
    ?.integer('block')
  return block === undefined ? 0 : (block + 1) * BLOCK_SIZE
}

/** The last sequence of a full block. */
function lastFull(database: Connection): number {
  const block = database
    .get('SELECT block FROM audit_blocks ORDER BY block DESC LIMIT 1')
    ?.integer('block')
  return block === undefined ? 0 : (block + 1) * BLOCK_SIZE
}
