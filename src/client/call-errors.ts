import { Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { readErrorTrailers } from '../rpc/error-trailers.ts'
import type { HubChannel } from './channel.ts'
import { connectionBroke, notAHub } from './connection-errors.ts'
import { HubError } from './identity-hub.ts'

/**
 * What the failure of a call means. The hub signs its refusals with a code of its own in the
 * trailers; a status without one is gRPC's, or that of something between or in place of the hub. Where the hub may have acted on the
 * call, the code says that its answer isn't known: `unreachable` or `bad-answer`.
 */
export async function callError(
  error: unknown,
  channel: HubChannel,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  if (!isServiceError(error)) return error
  const { code, hint, retryAfterMs } = readErrorTrailers(error.metadata)
  if (code !== undefined) {
    const details = { hubCode: code, hint, retryAfterMs, cause: error }
    return new HubError(code === 'busy' ? 'busy' : 'refused', error.details, details)
  }
  const { where } = channel
  switch (error.code) {
    case status.UNAVAILABLE:
      return channel.explain(error, signal)
    case status.CANCELLED:
    case status.DEADLINE_EXCEEDED:
    case status.ABORTED:
      return connectionBroke(where, error)
    // An unknown method, and how gRPC reads the HTTP statuses 404, 401 and 403.
    case status.UNIMPLEMENTED:
    case status.UNAUTHENTICATED:
    case status.PERMISSION_DENIED:
      return notAHub(where, `it does not know this call (${error.details})`, error)
    default:
      return new HubError('bad-answer', `${where} answered in error: ${error.details}`, {
        hint: 'are hub and client of versions that go together?',
        cause: error,
      })
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'number' &&
    'details' in error &&
    typeof error.details === 'string' &&
    'metadata' in error &&
    error.metadata instanceof Metadata
  )
}
