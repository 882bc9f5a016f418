/**
 * By which sequences a time finds its events. The earliest and the latest time of each full block of
 * events bound where it can be; what they leave over is at most one block too much at each end, as
 * long as the clock doesn't step.
 */
import { type Reading, type Step, write } from '../sql.ts'

/** As in the schema. */
export const BLOCK_SIZE = 1_024

/** Sequences, inclusive; no event outside can match. */
export interface SequenceRange {
  readonly first: number
  readonly last: number
}

/** The statement that closes the block of which this is the last event, once it is appended. */
export function closeBlock(sequence: number): Step {
  const block = sequence / BLOCK_SIZE - 1
  return write(
    `INSERT INTO audit_blocks (block, earliest, latest)
     SELECT CAST(:block AS BIGINT), min(time), max(time) FROM audit_events
     WHERE sequence > :after AND sequence <= :last
     HAVING count(*) = ${BLOCK_SIZE}
     ON CONFLICT DO NOTHING`,
    { block, after: sequence - BLOCK_SIZE, last: sequence },
  )
}

export async function firstSince(database: Reading, since: number): Promise<number> {
  const block = (
    await database.get(
      'SELECT block FROM audit_blocks WHERE latest >= :since ORDER BY block LIMIT 1',
      { since },
    )
  )?.integer('block')
  return block === undefined ? (await lastFull(database)) + 1 : block * BLOCK_SIZE + 1
}

export async function lastUntil(database: Reading, until: number): Promise<number> {
  const full = await lastFull(database)
  const isInRest = await database.get(
    'SELECT 1 FROM audit_events WHERE sequence > :full AND time < :until LIMIT 1',
    { full, until },
  )
  if (isInRest) return Number.MAX_SAFE_INTEGER
  const block = (
    await database.get(
      'SELECT block FROM audit_blocks WHERE earliest < :until ORDER BY block DESC LIMIT 1',
      {
        until,
      },
    )
  )?.integer('block')
  return block === undefined ? 0 : (block + 1) * BLOCK_SIZE
}

/** The last sequence of a full block. */
async function lastFull(database: Reading): Promise<number> {
  const block = (
    await database.get('SELECT block FROM audit_blocks ORDER BY block DESC LIMIT 1')
  )?.integer('block')
  return block === undefined ? 0 : (block + 1) * BLOCK_SIZE
}
