/** What the store and its writer thread say to each other. Errors cross as plain values. */
import type { Act, StoreErrorCode } from '../../storage.ts'
import { StoreError } from '../../storage.ts'

export interface WriterData {
  readonly path: string
  /** The cluster's name where the database is new. */
  readonly newClusterId: string
}

export type ToWriter =
  | { readonly kind: 'commit'; readonly acts: readonly Act[] }
  // It closes the database and ends.
  | { readonly kind: 'close' }

export type FromWriter =
  // First, one of these two.
  | { readonly kind: 'ready'; readonly clusterId: string }
  | { readonly kind: 'failed'; readonly failure: Failure }
  // For each `commit`: an entry for each act, undefined where it is durable.
  | { readonly kind: 'committed'; readonly failures: readonly (Failure | undefined)[] }

export interface Failure {
  readonly code: StoreErrorCode
  readonly subject: string
  readonly message: string
  readonly hint: string | undefined
  readonly cause: Error | undefined
}

export function toFailure(error: StoreError): Failure {
  const { code, subject, message, hint, cause } = error
  return { code, subject, message, hint, cause: cause instanceof Error ? cause : undefined }
}

export function fromFailure({ code, subject, message, hint, cause }: Failure): StoreError {
  return new StoreError(code, subject, message, { hint, cause })
}
