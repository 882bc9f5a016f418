/**
 * The acts of all hubs, in their one order. Each group of acts that is committed has the next sequence,
 * and a row in `changes` for some minutes; whoever comes to know of groups brings them here, and each
 * is told once. A hub that was away for longer has missed some: it must read everything anew.
 */
import { type Act, StoreError } from '../../storage.ts'
import type { ChangeSource } from '../change-feed.ts'
import type { Row } from '../row.ts'
import type { Reading } from '../sql.ts'
import { parseActs } from './act-text.ts'

export interface Group {
  readonly sequence: number
  readonly acts: readonly Act[]
}

/** The subject of the error where groups were missed. */
export const FEED = 'change feed'

/** So many groups are read at once. */
export const BATCH = 256

export class Feed {
  readonly #source: ChangeSource
  #told: number

  /** @param told the last group before which nobody listens */
  constructor(source: ChangeSource, told: number) {
    this.#source = source
    this.#told = told
  }

  get told(): number {
    return this.#told
  }

  /** Groups in their order, also such as were told. @throws StoreError where some are missing */
  tell(groups: readonly Group[]): void {
    for (const { sequence, acts } of groups) {
      if (sequence <= this.#told) continue
      if (sequence > this.#told + 1) throw missed(this.#told, sequence)
      this.#told = sequence
      for (const act of acts) this.#source.publish(act)
    }
  }

  /** Reads what is not told yet. @throws StoreError */
  async catchUp(database: Reading): Promise<void> {
    for (;;) {
      const groups = await groupsAfter(database, this.#told)
      this.tell(groups)
      if (groups.length < BATCH) return
    }
  }
}

export async function groupsAfter(database: Reading, told: number): Promise<readonly Group[]> {
  const rows = await database.all(
    `SELECT sequence, acts FROM changes WHERE sequence > :told ORDER BY sequence LIMIT ${BATCH}`,
    { told },
  )
  return rows.map(toGroup)
}

function toGroup(row: Row): Group {
  return { sequence: row.integer('sequence'), acts: parseActs(row.text('acts')) }
}

function missed(told: number, next: number): StoreError {
  return new StoreError(
    'unavailable',
    FEED,
    `the changes from ${told + 1} to ${next - 1} were missed: this hub was away from the database for too long`,
    { hint: 'it starts again and reads everything anew' },
  )
}
