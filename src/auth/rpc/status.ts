/** Errors as they leave the hub: a gRPC status, and Mezite's own code and hint in the trailers. */
import { type Metadata, status } from '@grpc/grpc-js'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import { encodeErrorTrailers } from '../../rpc/error-trailers.ts'
import { AuthError, type AuthErrorCode } from '../errors.ts'
import { StoreError } from '../storage.ts'

const STATUSES: Readonly<Record<AuthErrorCode, status>> = {
  'invalid-request': status.INVALID_ARGUMENT,
  'not-found': status.NOT_FOUND,
  'already-exists': status.ALREADY_EXISTS,
  'in-use': status.FAILED_PRECONDITION,
  'clock-skew': status.FAILED_PRECONDITION,
  'interval-too-long': status.INVALID_ARGUMENT,
  'token-unknown': status.UNAUTHENTICATED,
  'token-used': status.UNAUTHENTICATED,
  'token-expired': status.UNAUTHENTICATED,
  'token-rotated': status.UNAUTHENTICATED,
  'token-wrong-kind': status.INVALID_ARGUMENT,
  'bot-removed': status.PERMISSION_DENIED,
  'bot-locked': status.PERMISSION_DENIED,
  'instance-locked': status.PERMISSION_DENIED,
  'instance-unknown': status.PERMISSION_DENIED,
  'generation-mismatch': status.PERMISSION_DENIED,
  'identity-expired': status.UNAUTHENTICATED,
  'node-removed': status.PERMISSION_DENIED,
  'node-locked': status.PERMISSION_DENIED,
  'node-offline': status.FAILED_PRECONDITION,
  unauthenticated: status.UNAUTHENTICATED,
  'permission-denied': status.PERMISSION_DENIED,
  'stream-replaced': status.ABORTED,
  'stream-overrun': status.RESOURCE_EXHAUSTED,
  'passphrase-needed': status.FAILED_PRECONDITION,
  'passphrase-wrong': status.FAILED_PRECONDITION,
  'passphrase-unused': status.FAILED_PRECONDITION,
  busy: status.RESOURCE_EXHAUSTED,
  'rate-limited': status.RESOURCE_EXHAUSTED,
  conflict: status.ABORTED,
  unavailable: status.UNAVAILABLE,
  'audit-damaged': status.DATA_LOSS,
  internal: status.INTERNAL,
}

/** What grpc-js makes a reply of. */
export interface ErrorReply {
  readonly code: status
  readonly details: string
  readonly metadata: Metadata
}

export interface ErrorContext {
  readonly rpc: string
  readonly log: Pick<Logger, 'error'>
  readonly random: Pick<Random, 'bytes'>
}

/** In characters. They travel in headers, which every HTTP/2 implementation bounds. */
const LONGEST_TEXT = 2_000

/**
 * The reply to a call that failed. Only an AuthError is told as it is; of anything else the caller
 * learns the number under which the log has it.
 */
export function errorReply(error: unknown, context: ErrorContext): ErrorReply {
  const told = error instanceof AuthError ? error : concealed(error, context)
  return {
    code: STATUSES[told.code],
    details: cut(told.message),
    metadata: encodeErrorTrailers({
      code: told.code,
      hint: told.hint && cut(told.hint),
      retryAfterMs: told.retryAfterMs,
    }),
  }
}

function concealed(error: unknown, { rpc, log, random }: ErrorContext): AuthError {
  const incident = random.bytes(6).toString('hex')
  log.error({ rpc, incident, error }, 'a call failed')
  const hint = `the hub's log has the reason, as incident ${incident}`
  return error instanceof StoreError
    ? new AuthError('unavailable', "the hub's store does not work at the moment", { hint })
    : new AuthError('internal', 'internal error', { hint })
}

/** Half of a surrogate pair, as cutting may leave one, can't be encoded for the wire. */
function cut(text: string): string {
  const fits = text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 1)}…` : text
  return fits.toWellFormed()
}
