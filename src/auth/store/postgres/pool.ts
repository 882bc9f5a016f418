/** The connections that read: a few, made when they are needed and made again when they are lost. */
import type { Row } from '../row.ts'
import type { Counted, Parameters, Reading, Values } from '../sql.ts'
import { Connection, counting, jsonArray, type PostgresTarget } from './connection.ts'
import { closedError } from './postgres-error.ts'

const SIZE = 4
const STATEMENT_TIMEOUT_MS = 30_000

export class Pool implements Reading {
  readonly #target: PostgresTarget
  readonly #connections = new Set<Connection>()
  #opening: Promise<Connection> | undefined
  #isClosed = false

  constructor(target: PostgresTarget) {
    this.#target = target
  }

  get(sql: string, parameters?: Parameters): Promise<Row | undefined> {
    return this.#use((connection) => connection.get(sql, parameters))
  }

  all(sql: string, parameters?: Parameters): Promise<readonly Row[]> {
    return this.#use((connection) => connection.all(sql, parameters))
  }

  values(sql: string, parameters?: Parameters): Promise<readonly Values[]> {
    return this.#use((connection) => connection.values(sql, parameters))
  }

  indexed(): string {
    return ''
  }

  jsonArray(column: string, order: string): string {
    return jsonArray(column, order)
  }

  counting(table: Counted): string {
    return counting(table)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#opening?.catch(() => {})
    await Promise.all([...this.#connections].map((connection) => connection.close()))
  }

  /** A read that is lost with its connection is asked once more. */
  async #use<T>(ask: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.#connection()
    try {
      return await ask(connection)
    } catch (error) {
      if (!connection.broken || this.#isClosed) throw error
      return await ask(await this.#connection())
    }
  }

  /** The one with the least to do; while all are busy another one is opened, up to `SIZE`. */
  async #connection(): Promise<Connection> {
    if (this.#isClosed) throw closedError()
    const [idlest] = [...this.#connections].sort((a, b) => a.underWay - b.underWay)
    if (idlest && (idlest.underWay === 0 || this.#connections.size >= SIZE)) return idlest
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined
    })
    if (!idlest) return this.#opening
    // It is for the next one: this one needn't wait.
    this.#opening.catch(() => {})
    return idlest
  }

  async #open(): Promise<Connection> {
    const session = { readOnly: true, statementTimeoutMs: STATEMENT_TIMEOUT_MS }
    const connection: Connection = await Connection.open(this.#target, session, () => {
      this.#connections.delete(connection)
    })
    this.#connections.add(connection)
    return connection
  }
}
