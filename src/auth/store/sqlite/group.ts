/**
 * A group of acts in one transaction: each act in a savepoint, so that a condition that doesn't
 * hold takes back that act alone, and one COMMIT, so that they share its fsync.
 *
 * After a failed write or fsync nobody knows what of the log is on the disk: the kernel may take
 * pages for written that are not, and never tries again. So nothing is committed on top of such a
 * log. It is folded into the database first, which is synced, and begun anew; until that succeeds
 * every act is refused.
 */
import { messageOf } from '../../../base/errors.ts'
import type { ChainHead } from '../../audit-chain.ts'
import { type Act, StoreError } from '../../storage.ts'
import { HEAD, toHead } from '../tables/audit.ts'
import { applyChange } from './apply.ts'
import { appendEvent } from './audit-events.ts'
import type { Connection } from './connection.ts'
import { foldLog } from './log.ts'
import { isOfDisk } from './sqlite-error.ts'

/** For each act: undefined where it is applied and durable, or why nothing of it is. */
export type Outcomes = readonly (StoreError | undefined)[]

export class GroupCommitter {
  readonly #database: Connection
  #isDoubtful = false

  /** @param database whose log is empty, or known to be on the disk */
  constructor(database: Connection) {
    this.#database = database
  }

  commit(acts: readonly Act[]): Outcomes {
    try {
      if (this.#isDoubtful) foldLog(this.#database)
      this.#isDoubtful = false
      return commitGroup(this.#database, acts)
    } catch (error) {
      const failure = asStoreError(error)
      this.#isDoubtful ||= isOfDisk(failure)
      rollBack(this.#database)
      return acts.map(() => failure)
    }
  }
}

/** @throws StoreError where the store itself failed */
function commitGroup(database: Connection, acts: readonly Act[]): Outcomes {
  database.run('BEGIN IMMEDIATE')
  let head = toHead(database.get(HEAD))
  const outcomes = acts.map((act) => {
    const result = applyAct(database, act, head)
    if (result instanceof StoreError) return result
    head = result
    return undefined
  })
  database.run('COMMIT')
  return outcomes
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
