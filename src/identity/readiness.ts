/** Whether a daemon's outputs can be used, and if not, why: decided from what it knows of itself. */
import { formatTime } from '../base/clock.ts'
import { MeziteError, messageOf } from '../base/errors.ts'
import { HubError } from '../client/identity-hub.ts'
import { IdentityError } from './errors.ts'
import { endsInstance } from './refusals.ts'

/** What a daemon knows of itself. Times are the hub's, in milliseconds since the epoch. */
export interface DaemonCondition {
  /** When the published certificate ends; undefined: nothing is published yet. */
  readonly certificateEndsAt: number | undefined
  /** Until when the identity can be renewed; undefined: there is none yet. */
  readonly identityEndsAt: number | undefined
  /** What the last try to join, renew or publish failed with; undefined: it succeeded. */
  readonly failure: unknown
}

/**
 * - `starting`: nothing is published yet, and nothing has failed
 * - `certificate-expired`: the published certificate has ended
 * - `identity-expired`: it can't be renewed either, until an administrator acts
 * - `instance-ended`: the hub doesn't know this instance any more, or its bot
 * - `locked`: the bot or the instance is locked at the hub
 * - `hub-unreachable`: no connection, or no answer
 * - `hub-not-trusted`: what answers isn't the hub
 * - `clock-skew`: this machine's clock and the hub's disagree too much
 * - `refused`: the hub refuses for another reason
 * - `local-failure`: a file could not be written, or something else failed on this machine
 */
export type ReadinessCode =
  | 'starting'
  | 'certificate-expired'
  | 'identity-expired'
  | 'instance-ended'
  | 'locked'
  | 'hub-unreachable'
  | 'hub-not-trusted'
  | 'clock-skew'
  | 'refused'
  | 'local-failure'

export interface ReadinessReason {
  readonly code: ReadinessCode
  /** Holds no secret. */
  readonly message: string
  /** What an operator can do. */
  readonly hint?: string | undefined
}

/** Ready: the published certificate is valid. Else at least one reason, the weightiest first. */
export type Readiness =
  | { readonly ready: true }
  | { readonly ready: false; readonly reasons: readonly ReadinessReason[] }

/** @param now on the hub's clock, as the daemon knows it */
export function readinessAt(condition: DaemonCondition, now: number): Readiness {
  const { certificateEndsAt, identityEndsAt, failure } = condition
  if (certificateEndsAt !== undefined && now < certificateEndsAt) return { ready: true }
  const reasons: ReadinessReason[] = []
  if (identityEndsAt !== undefined && now >= identityEndsAt) {
    reasons.push(identityExpired(identityEndsAt, failure))
  }
  if (certificateEndsAt !== undefined) {
    reasons.push({
      code: 'certificate-expired',
      message: `the certificate has ended at ${formatTime(certificateEndsAt)}`,
    })
  }
  const why = failure === undefined ? undefined : failureReason(failure)
  if (why && !reasons.some(({ code }) => code === why.code)) reasons.push(why)
  if (reasons.length === 0) {
    reasons.push({ code: 'starting', message: 'nothing is published yet' })
  }
  return { ready: false, reasons }
}

function identityExpired(endsAt: number, failure: unknown): ReadinessReason {
  const said =
    failure instanceof HubError && failure.hubCode === 'identity-expired' ? failure : undefined
  return {
    code: 'identity-expired',
    message: `the identity can't be renewed any more since ${formatTime(endsAt)}`,
    hint: said?.hint ?? 'give it a new join token (mezctl bots rotate-token NAME)',
  }
}

function failureReason(failure: unknown): ReadinessReason {
  const hint = failure instanceof MeziteError ? failure.hint : undefined
  return { code: codeOf(failure), message: messageOf(failure), ...(hint && { hint }) }
}

function codeOf(failure: unknown): ReadinessCode {
  if (failure instanceof IdentityError && failure.code === 'clock-skew') return 'clock-skew'
  if (!(failure instanceof HubError)) return 'local-failure'
  switch (failure.code) {
    case 'unreachable':
    case 'busy':
    case 'bad-answer':
      return 'hub-unreachable'
    case 'not-a-hub':
    case 'untrusted':
      return 'hub-not-trusted'
    case 'clock-skew':
      return 'clock-skew'
    case 'refused':
      return refusalCode(failure)
  }
}

function refusalCode(failure: HubError): ReadinessCode {
  if (failure.hubCode === 'identity-expired') return 'identity-expired'
  if (endsInstance(failure)) return 'instance-ended'
  switch (failure.hubCode) {
    case 'bot-locked':
    case 'instance-locked':
    case 'generation-mismatch':
      return 'locked'
    case 'clock-skew':
      return 'clock-skew'
    case 'unavailable':
    case 'internal':
      return 'hub-unreachable'
    default:
      return 'refused'
  }
}
