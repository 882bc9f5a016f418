import { MeziteError } from '../base/errors.ts'

/** Everything for which the hub refuses an act. Each code has its gRPC status in rpc/status.ts. */
export type AuthErrorCode =
  // The request itself.
  | 'invalid-request'
  | 'not-found'
  | 'already-exists'
  | 'in-use'
  | 'clock-skew'
  | 'interval-too-long'
  // Join tokens.
  | 'token-unknown'
  | 'token-used'
  | 'token-expired'
  | 'token-rotated'
  | 'token-wrong-kind'
  // Bots and their instances.
  | 'bot-removed'
  | 'bot-locked'
  | 'instance-locked'
  | 'instance-unknown'
  | 'generation-mismatch'
  | 'identity-expired'
  // The caller.
  | 'unauthenticated'
  | 'permission-denied'
  // The hub.
  | 'conflict'
  | 'unavailable'
  | 'internal'

export class AuthError extends MeziteError<AuthErrorCode> {}
