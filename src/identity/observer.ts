import type { Publication } from './destination.ts'
import type { Identity } from './identity.ts'

/** What a daemon tells of itself, for logs, status and metrics. Calls must not throw. */
export interface DaemonObserver {
  onPublished(published: Published): void
  onFailure(failure: Failure): void
  /** Called at every change. */
  onReadiness(readiness: Readiness): void
  onWarning(warning: Warning): void
}

export interface Published {
  readonly identity: Identity
  readonly publication: Publication
  /**
   * How it came to be; `republished`: it was in the state directory at the start; `followed`: the
   * same certificate, in surroundings that have changed.
   */
  readonly by: 'joined' | 'renewed' | 'republished' | 'followed'
  /** On the hub's clock. */
  readonly nextRenewalAt: number
}

export interface Failure {
  readonly error: unknown
  /** How many failures came before it in a row. */
  readonly attempt: number
  readonly retryInMs: number
}

/** Whether the published certificate is valid; `reason` says why it isn't. */
export type Readiness =
  | { readonly ready: true }
  | { readonly ready: false; readonly reason: string }

export type Warning =
  /** This machine's clock, ahead of the hub's by so much. */
  | { readonly kind: 'clock-skew'; readonly skewMs: number }
  /** Outputs that nobody reads any more could not be removed. */
  | { readonly kind: 'prune-failed'; readonly error: unknown }
  /** Changes are learnt of at renewals only, until it works again. */
  | { readonly kind: 'watch-failed'; readonly error: unknown }
