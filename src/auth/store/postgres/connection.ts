/**
 * One connection to a server that can be written to. What is asked of it is sent at once and answered
 * in order, so that many statements cost one way there and back. It breaks once, for good: it never
 * connects again by itself, because what was under way then has an outcome that somebody must find out.
 */
import type { Client as DriverClient, QueryResult } from 'pg'
import driver from 'pg'
import { StoreError } from '../../storage.ts'
import { Row } from '../row.ts'
import type { Counted, Parameters, Reading, Step, Values } from '../sql.ts'
import { formatPostgresHost, type PostgresAddress, type PostgresHost } from './address.ts'
import { type PasswordSources, passwordFor } from './password.ts'
import { closedError, storeError } from './postgres-error.ts'
import { prepare, storedValue } from './statement.ts'
import { readText } from './text.ts'
import { tlsOptions } from './tls.ts'

/** Where the store is, and how to get in. */
export interface PostgresTarget {
  readonly address: PostgresAddress
  readonly passwords: PasswordSources
}

export interface Session {
  /** Refuses every write. */
  readonly readOnly: boolean
  /** A statement that takes longer is ended by the server; milliseconds. */
  readonly statementTimeoutMs: number
  /** How long it waits for a lock; milliseconds. */
  readonly lockTimeoutMs?: number
}

/** A hub that hangs in the middle of a transaction holds up all others for no longer. */
const IDLE_TIMEOUT_MS = 5_000
const USUAL_LOCK_TIMEOUT_MS = 10_000
const OLDEST_VERSION = 150_000

const NUMBERS: ReadonlySet<number> = new Set([20, 21, 23])
const TEXTS: ReadonlySet<number> = new Set([25, 1043])
const BYTES = 17

export class Connection implements Reading {
  readonly #client: DriverClient
  readonly #where: string
  #broken: StoreError | undefined
  /** Statements that were sent and not answered yet. */
  underWay = 0

  private constructor(client: DriverClient, where: string, onBroken: (error: StoreError) => void) {
    this.#client = client
    this.#where = where
    const broken = (error: StoreError) => {
      if (this.#broken) return
      this.#broken = error
      onBroken(error)
    }
    client.on('error', (error) => broken(storeError(error, where)))
    client.on('end', () => broken(lost(where)))
  }

  /**
   * To the first of the hosts that is there and takes writes.
   *
   * @throws StoreError `unavailable`
   */
  static async open(
    target: PostgresTarget,
    session: Session,
    onBroken: (error: StoreError) => void = () => {},
  ): Promise<Connection> {
    const failures: StoreError[] = []
    for (const host of target.address.hosts) {
      try {
        return await Connection.#openAt(host, target, session, onBroken)
      } catch (error) {
        if (!(error instanceof StoreError)) throw error
        failures.push(error)
      }
    }
    const [first] = failures
    if (first !== undefined && failures.length === 1) throw first
    const messages = failures.map(({ message }) => message).join('; ')
    throw new StoreError('unavailable', 'store', messages, { hint: first?.hint, cause: first })
  }

  static async #openAt(
    host: PostgresHost,
    { address, passwords }: PostgresTarget,
    { readOnly, statementTimeoutMs, lockTimeoutMs = USUAL_LOCK_TIMEOUT_MS }: Session,
    onBroken: (error: StoreError) => void,
  ): Promise<Connection> {
    const where = `PostgreSQL at ${formatPostgresHost(host)}`
    const password = await passwordFor(address, host, passwords)
    const client = new driver.Client({
      host: host.host,
      port: host.port,
      database: address.database,
      user: address.user,
      // As a function: the driver looks for none elsewhere.
      password: () => password ?? Promise.reject(noPassword(where, address.user)),
      ssl: await tlsOptions(address, host),
      application_name: 'mezhub',
      connectionTimeoutMillis: address.connectTimeoutMs,
      statement_timeout: statementTimeoutMs,
      // What the server doesn't answer by then is lost: the network is cut, or the machine is gone.
      query_timeout: statementTimeoutMs + 5_000,
      lock_timeout: lockTimeoutMs,
      idle_in_transaction_session_timeout: IDLE_TIMEOUT_MS,
      options: `-c search_path=mezite -c default_transaction_read_only=${readOnly ? 'on' : 'off'}`,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      pipeline: true,
      types: { getTypeParser: parserFor },
    })
    const connection = new Connection(client, where, onBroken)
    try {
      await client.connect()
    } catch (error) {
      await connection.close()
      throw storeError(error, where)
    }
    try {
      await connection.#requireUsable()
    } catch (error) {
      await connection.close()
      throw error
    }
    return connection
  }

  get broken(): StoreError | undefined {
    return this.#broken
  }

  async get(sql: string, parameters: Parameters = {}): Promise<Row | undefined> {
    return (await this.all(sql, parameters))[0]
  }

  async all(sql: string, parameters: Parameters = {}): Promise<readonly Row[]> {
    const { rows } = await this.#query(sql, parameters)
    return rows.map((row) => new Row(row))
  }

  async values(sql: string, parameters: Parameters = {}): Promise<readonly Values[]> {
    const { rows } = await this.#query(sql, parameters)
    return rows.map((row) =>
      Object.values(row).map((value) => (typeof value === 'bigint' ? Number(value) : value)),
    )
  }

  /** Returns how many rows it inserted, updated or deleted, and the command that was carried out. */
  async run(
    sql: string,
    parameters: Parameters = {},
  ): Promise<{ readonly rows: number; readonly command: string }> {
    const { rowCount, command } = await this.#query(sql, parameters)
    return { rows: rowCount ?? 0, command }
  }

  /** Why the step refuses its act; undefined where it doesn't. */
  async step(step: Step): Promise<StoreError | undefined> {
    return step.kind === 'read'
      ? step.refusal(await this.get(step.sql, step.parameters))
      : step.refusal((await this.run(step.sql, step.parameters)).rows)
  }

  /** Any number of statements, without parameters. */
  async execute(sql: string): Promise<void> {
    await this.#reporting(() => this.#client.query(sql))
  }

  /** Calls back with the payload of each notification on the channel, until the connection ends. */
  async listen(channel: string, listener: (payload: string) => void): Promise<void> {
    this.#client.on('notification', ({ payload = '' }) => listener(payload))
    await this.execute(`LISTEN ${channel}`)
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
    this.#broken ??= closedError()
    await this.#client.end().catch(() => {})
  }

  #query(sql: string, parameters: Parameters): Promise<QueryResult<Record<string, unknown>>> {
    const { text, name, order } = prepare(sql)
    const values = order.map((key) => storedValue(key, parameters))
    return this.#reporting(() =>
      this.#client.query<Record<string, unknown>>({ text, name, values }),
    )
  }

  async #reporting<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#broken) throw this.#broken
    this.underWay += 1
    try {
      return await ask()
    } catch (error) {
      throw storeError(error, this.#where)
    } finally {
      this.underWay -= 1
    }
  }

  async #requireUsable(): Promise<void> {
    const row = await this.get(
      `SELECT current_setting('server_version_num')::int AS version,
              current_setting('server_version') AS shown,
              current_setting('server_encoding') AS encoding,
              CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END AS standby,
              -- Nothing is acknowledged before it is on the disk.
              set_config('synchronous_commit',
                CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
                ELSE current_setting('synchronous_commit') END, false) AS synchronous`,
    )
    const refuse = (what: string, hint: string) =>
      new StoreError('unavailable', 'store', `${this.#where} ${what}`, { hint })
    if (!row || row.integer('version') < OLDEST_VERSION) {
      throw refuse(`is version ${row?.text('shown')}`, 'mezhub needs PostgreSQL 15 or newer')
    }
    if (row.integer('standby') === 1) {
      throw refuse(
        'is a standby, which takes no writes',
        'name the primary, or all servers: postgres://…@ONE,OTHER/…',
      )
    }
    if (row.text('encoding') !== 'UTF8') {
      throw refuse(
        `keeps this database in ${row.text('encoding')}`,
        'create it anew: createdb --encoding=UTF8 --template=template0 DATABASE',
      )
    }
  }
}

/** Nobody else waits for it. */
export function counting(table: Counted): string {
  return `SELECT count(*) AS value FROM ${table}`
}

export function jsonArray(column: string, order: string): string {
  return `coalesce(json_agg(${column} ORDER BY ${order}), '[]')::text`
}

function parserFor(type: number): (value: string) => unknown {
  if (NUMBERS.has(type)) return BigInt
  if (TEXTS.has(type)) return readText
  if (type === BYTES) return (value) => Buffer.from(value.slice(2), 'hex')
  return (value) => value
}

function lost(where: string): StoreError {
  return new StoreError('unavailable', 'store', `the connection to ${where} was lost`, {
    hint: 'it is made again by itself',
  })
}

function noPassword(where: string, user: string): StoreError {
  return new StoreError('unavailable', 'store', `${where} asks for the password of ${user}`, {
    hint: 'give it with --store-password-file, MEZITE_STORE_PASSWORD or a passfile',
  })
}
