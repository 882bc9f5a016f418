/**
 * What the tables' SQL rests on. It is written once, in `tables/`, for every database that a store may
 * be in: parameters are named (`:name`), integers come back as bigint, and where dialects differ the
 * database says how.
 */
import type { StoreError } from '../storage.ts'
import type { Row } from './row.ts'

export type Parameters = Readonly<Record<string, null | number | bigint | string | Uint8Array>>

/** The columns of one row in their order, integers as numbers. */
export type Values = readonly unknown[]

/** Tables whose rows are counted. */
export type Counted = 'bots' | 'instances' | 'nodes' | 'roles' | 'sessions'

type Sooner<T> = T | Promise<T>

/** Where reads are asked for. Their failures are `StoreError`s. */
export interface Reading {
  get(sql: string, parameters?: Parameters): Sooner<Row | undefined>
  all(sql: string, parameters?: Parameters): Sooner<readonly Row[]>
  /** For many rows at once. */
  values(sql: string, parameters?: Parameters): Sooner<readonly Values[]>
  /** Behind the table of a query: that this index leads, or none; empty where it chooses itself. */
  indexed(index: string | undefined): string
  /** An aggregate: the texts of a column, in the order of another, as a JSON array. */
  jsonArray(column: string, order: string): string
  /** A query for how many rows the table has, as `value`. */
  counting(table: Counted): string
}

/**
 * One statement of a change, and when it refuses the act. A change is a list of them, known before the
 * first is run: so a database that is far away is asked everything at once.
 */
export type Step =
  | {
      readonly kind: 'read'
      readonly sql: string
      readonly parameters: Parameters
      /** @param row the first that was found */
      readonly refusal: (row: Row | undefined) => StoreError | undefined
    }
  | {
      readonly kind: 'write'
      readonly sql: string
      readonly parameters: Parameters
      /** @param rows how many were inserted, updated or deleted */
      readonly refusal: (rows: number) => StoreError | undefined
    }

/** Refuses where no row is found. */
export function expect(sql: string, parameters: Parameters, refusal: () => StoreError): Step {
  return { kind: 'read', sql, parameters, refusal: (row) => (row ? undefined : refusal()) }
}

/** Refuses where a row is found. */
export function expectNone(
  sql: string,
  parameters: Parameters,
  refusal: (row: Row) => StoreError,
): Step {
  return { kind: 'read', sql, parameters, refusal: (row) => row && refusal(row) }
}

/** @param refusal for a statement that changes nothing; left out: that is as good */
export function write(sql: string, parameters: Parameters, refusal?: () => StoreError): Step {
  return {
    kind: 'write',
    sql,
    parameters,
    refusal: (rows) => (rows === 0 ? refusal?.() : undefined),
  }
}
