import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { Row } from '../row.ts'
import type { Counted, Parameters, Reading, Values } from '../sql.ts'
import { storeError } from './sqlite-error.ts'

export interface ConnectionOptions {
  readonly readOnly?: boolean
  /** How long a statement waits for another process's lock; it blocks the thread meanwhile. */
  readonly busyTimeoutMs: number
}

/**
 * A connection to the database, with its statements prepared once each. Parameters are named and
 * integers are read as bigint, so that none loses a digit. Its failures come out as `StoreError`s.
 */
export class Connection implements Reading {
  readonly #path: string
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(path: string, { readOnly = false, busyTimeoutMs }: ConnectionOptions) {
    this.#path = path
    this.#database = this.#reporting(
      () => new DatabaseSync(path, { readOnly, timeout: busyTimeoutMs }),
    )
  }

  get(sql: string, parameters: Parameters = {}): Row | undefined {
    const values = this.#reporting(() => this.#prepare(sql).get(parameters))
    return values && new Row(values)
  }

  all(sql: string, parameters: Parameters = {}): readonly Row[] {
    return this.#reporting(() => this.#prepare(sql).all(parameters)).map(
      (values) => new Row(values),
    )
  }

  /**
   * The columns of each row in their order, integers as numbers: for many rows at once, which cost
   * half as much so.
   */
  values(sql: string, parameters: Parameters = {}): readonly Values[] {
    // Node's types know nothing of `setReturnArrays`.
    return this.#reporting(
      () => this.#prepare(sql, 'arrays').all(parameters) as unknown as Values[],
    )
  }

  indexed(index: string | undefined): string {
    return index === undefined ? 'NOT INDEXED' : `INDEXED BY ${index}`
  }

  jsonArray(column: string, order: string): string {
    return `json_group_array(${column} ORDER BY ${order})`
  }

  /** Kept by triggers: see the schema. */
  counting(table: Counted): string {
    return `SELECT value FROM counts WHERE name = '${table}'`
  }

  /** Returns how many rows it inserted, updated or deleted. */
  run(sql: string, parameters: Parameters = {}): number {
    return Number(this.#reporting(() => this.#prepare(sql).run(parameters)).changes)
  }

  /** For statements that are run once: any number of them, without parameters. */
  execute(sql: string): void {
    this.#reporting(() => this.#database.exec(sql))
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close()
  }

  #prepare(sql: string, rows: 'objects' | 'arrays' = 'objects'): StatementSync {
    const name = `${rows} ${sql}`
    const prepared = this.#statements.get(name)
    if (prepared) return prepared
    const statement = this.#database.prepare(sql)
    statement.setReadBigInts(rows === 'objects')
    statement.setReturnArrays(rows === 'arrays')
    this.#statements.set(name, statement)
    return statement
  }

  #reporting<T>(act: () => T): T {
    try {
      return act()
    } catch (error) {
      throw storeError(error, this.#path)
    }
  }
}
