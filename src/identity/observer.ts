import type { ActivityObserver } from './activity.ts'
import type { Publication } from './destination.ts'
import type { Identity } from './identity.ts'
import type { DaemonCondition, Readiness } from './readiness.ts'

export type DaemonActivity = 'join' | 'renewal' | 'publication'

/** What a daemon tells of itself, for logs, status and metrics. Calls must not throw. */
export interface DaemonObserver extends ActivityObserver<DaemonActivity> {
  onPublished(published: Published): void
  onFailure(failure: Failure): void
  /** Called when it becomes ready, or is not for other reasons than before. */
  onReadiness(readiness: Readiness): void
  /**
   * Called whenever something in it has changed. To answer for any later time:
   * `readinessAt(condition, hubNow())`.
   */
  onCondition(condition: DaemonCondition, hubNow: () => number): void
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

export type Warning =
  /** The clocks of this machine and of the hub disagree; milliseconds since the epoch. */
  | { readonly kind: 'clock-skew'; readonly here: number; readonly hub: number }
  /** Outputs that nobody reads any more could not be removed. */
  | { readonly kind: 'prune-failed'; readonly error: unknown }
  /** The join token that is given now is of no use; the one of before is, if there was one. */
  | { readonly kind: 'token-unreadable'; readonly error: unknown }
  /** Changes are learnt of at renewals only, until it works again. */
  | { readonly kind: 'watch-failed'; readonly error: unknown }
