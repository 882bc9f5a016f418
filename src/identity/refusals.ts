/** What a failed call to the hub means for the bot. Codes are those of the hub's own errors. */
import { HubError } from '../client/identity-hub.ts'

/** Refusals of a join that pass by themselves, or when an administrator acts. */
const PASSING: ReadonlySet<string | undefined> = new Set([
  'bot-locked',
  'instance-locked',
  'clock-skew',
  'conflict',
  'unavailable',
  'internal',
])

/** The instance is gone for good; only another join helps. */
const INSTANCE_ENDED: ReadonlySet<string | undefined> = new Set([
  'instance-unknown',
  'bot-removed',
  'identity-expired',
])

/** Whether to ask again would be to no purpose: the same token will never be accepted. */
export function isFinalForJoin(error: unknown): boolean {
  if (!(error instanceof HubError)) return false
  if (error.code === 'untrusted') return true
  return error.code === 'refused' && !PASSING.has(error.hubCode)
}

export function endsInstance(error: unknown): boolean {
  return error instanceof HubError && error.code === 'refused' && INSTANCE_ENDED.has(error.hubCode)
}

/** Whether the hub may have done what it was asked for although its answer didn't arrive. */
export function isAnswerLost(error: unknown): boolean {
  return error instanceof HubError && (error.code === 'unreachable' || error.code === 'bad-answer')
}
