import { type ErrorDetails, MeziteError } from '../base/errors.ts'
import { formatProblem, PolicyError } from '../policy/policy-error.ts'

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
  // Nodes.
  | 'node-removed'
  | 'node-locked'
  | 'node-offline'
  // The caller.
  | 'unauthenticated'
  | 'permission-denied'
  // Streams.
  | 'stream-replaced'
  | 'stream-overrun'
  // The CA keys.
  | 'passphrase-needed'
  | 'passphrase-wrong'
  | 'passphrase-unused'
  // The hub.
  | 'busy'
  | 'rate-limited'
  | 'conflict'
  | 'unavailable'
  // The audit log is not as the hub wrote it.
  | 'audit-damaged'
  | 'internal'

export interface AuthErrorDetails extends ErrorDetails {
  /** In milliseconds; undefined: the caller knows best. */
  readonly retryAfterMs?: number | undefined
}

export class AuthError extends MeziteError<AuthErrorCode> {
  /** When it is worth to try again, from now on. */
  readonly retryAfterMs: number | undefined

  constructor(code: AuthErrorCode, message: string, details: AuthErrorDetails = {}) {
    super(code, message, details)
    this.retryAfterMs = details.retryAfterMs
  }
}

/**
 * Runs a check of the policy layer; what it refuses, the hub refuses as an invalid request.
 *
 * @throws AuthError `invalid-request`
 */
export function checkPolicy<Result>(check: () => Result): Result {
  try {
    return check()
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    const problems = error.problems.map(formatProblem)
    const message = problems.length > 0 ? problems.join('\n') : error.message
    throw new AuthError('invalid-request', message, { hint: error.hint, cause: error })
  }
}
