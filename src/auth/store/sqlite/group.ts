/**
 * A group of acts in one transaction: each act in a savepoint, so that a condition that doesn't
 * hold takes back that act alone, and one COMMIT, so that they share its fsync.
 */
import { messageOf } from '../../../base/errors.ts'
import type { ChainHead } from '../../audit-chain.ts'
import { type Act, StoreError } from '../../storage.ts'
import { applyChange } from './apply.ts'
import { appendEvent, chainHead } from './audit.ts'
import type { Connection } from './connection.ts'

/** For each act: undefined where it is applied and durable, or why nothing of it is. */
export type Outcomes = readonly (StoreError | undefined)[]

export function commitGroup(database: Connection, acts: readonly Act[]): Outcomes {
  try {
    database.run('BEGIN IMMEDIATE')
    let head = chainHead(database)
    const outcomes = acts.map((act) => {
      const result = applyAct(database, act, head)
      if (result instanceof StoreError) return result
      head = result
      return undefined
    })
    database.run('COMMIT')
    return outcomes
  } catch (error) {
    const failure = asStoreError(error)
    rollBack(database)
    return acts.map(() => failure)
  }
}

/** @throws StoreError where the store itself failed, which ends the whole group */
function applyAct(database: Connection, act: Act, head: ChainHead): ChainHead | StoreError {
  database.run('SAVEPOINT act')
  try {
    for (const change of act.changes) applyChange(database, change)
    const newHead = act.events.reduce((last, event) => appendEvent(database, last, event), head)
    database.run('RELEASE act')
    return newHead
  } catch (error) {
    if (isOfStore(error)) throw error
    database.run('ROLLBACK TO act')
    database.run('RELEASE act')
    return asStoreError(error)
  }
}

function isOfStore(error: unknown): boolean {
  return error instanceof StoreError && (error.code === 'unavailable' || error.code === 'damaged')
}

function asStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  return new StoreError('unavailable', 'act', `the act can't be stored: ${messageOf(error)}`, {
    cause: error,
  })
}

/** SQLite has rolled back by itself after some failures. */
function rollBack(database: Connection): void {
  try {
    if (database.inTransaction) database.run('ROLLBACK')
  } catch {
    // The failure that led here is the one to report; the next BEGIN tells if this one lasts.
  }
}
