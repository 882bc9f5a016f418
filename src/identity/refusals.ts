/** What a failed call to the hub means for a bot or a node. Codes are those of the hub's own errors. */
import { HubError, type HubErrorCode } from '../client/identity-hub.ts'
import type { Lineage } from './exchange.ts'

/** Refusals of a join that pass by themselves, or when an administrator acts. */
const PASSING: ReadonlySet<string | undefined> = new Set([
  'bot-locked',
  'instance-locked',
  'node-locked',
  'clock-skew',
  'rate-limited',
  'conflict',
  'unavailable',
  'internal',
])

/** The instance is gone for good; only another join helps. */
const INSTANCE_ENDED: ReadonlySet<string | undefined> = new Set([
  'instance-unknown',
  'bot-removed',
  'node-removed',
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

/**
 * The token to join anew with after a failed renewal; undefined: renewing goes on. The one that the
 * identity came from is of use again only where the hub's store was restored to before that join: then
 * neither the instance nor the use of the token is known there.
 */
export function tokenToJoinAnew<Token extends { readonly id: string }>(
  error: unknown,
  identity: Lineage,
  token: Token | undefined,
): Token | undefined {
  if (!endsInstance(error)) return undefined
  return isInstanceUnknown(error) || token?.id !== identity.tokenId ? token : undefined
}

function isInstanceUnknown(error: unknown): boolean {
  return error instanceof HubError && error.hubCode === 'instance-unknown'
}

/**
 * Whether the hub may have done what it was asked for although its answer didn't arrive, or had no
 * time to do it.
 */
export function isAnswerLost(error: unknown): boolean {
  return error instanceof HubError && LOST.has(error.code)
}

const LOST: ReadonlySet<HubErrorCode> = new Set(['unreachable', 'busy', 'bad-answer'])
