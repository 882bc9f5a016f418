import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { Row } from './row.ts'
import { storeError } from './sqlite-error.ts'

export type Parameters = Readonly<Record<string, null | number | bigint | string | Uint8Array>>

export interface ConnectionOptions {
  readonly readOnly?: boolean
  /** How long a statement waits for another process's lock; it blocks the thread meanwhile. */
  readonly busyTimeoutMs: number
}

/**
 * A connection to the database, with its statements prepared once each. Parameters are named and
 * integers are read as bigint, so that none loses a digit. Its failures come out as `StoreError`s.
 */
export class Connection {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(path: string, { readOnly = false, busyTimeoutMs }: ConnectionOptions) {
    this.#database = reporting(() => new DatabaseSync(path, { readOnly, timeout: busyTimeoutMs }))
  }

  get(sql: string, parameters: Parameters = {}): Row | undefined {
    const values = reporting(() => this.#prepare(sql).get(parameters))
    return values && new Row(values)
  }

  all(sql: string, parameters: Parameters = {}): readonly Row[] {
    return reporting(() => this.#prepare(sql).all(parameters)).map((values) => new Row(values))
  }

  /** Returns how many rows it inserted, updated or deleted. */
  run(sql: string, parameters: Parameters = {}): number {
    return Number(reporting(() => this.#prepare(sql).run(parameters)).changes)
  }

  /** For statements that are run once: any number of them, without parameters. */
  execute(sql: string): void {
    reporting(() => this.#database.exec(sql))
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close()
  }

  #prepare(sql: string): StatementSync {
    const prepared = this.#statements.get(sql)
    if (prepared) return prepared
    const statement = this.#database.prepare(sql)
    statement.setReadBigInts(true)
    this.#statements.set(sql, statement)
    return statement
  }
}

function reporting<T>(act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw storeError(error)
  }
}
