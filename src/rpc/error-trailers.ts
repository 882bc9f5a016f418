/**
 * An error on the wire: its message is the gRPC status message; its code and hint travel in the
 * trailers, so that the caller can show and act on what the hub meant.
 */
import { Metadata } from '@grpc/grpc-js'
import type { MeziteError } from '../base/errors.ts'

const CODE = 'mezite-code'
const HINT = 'mezite-hint-bin'
/** gRPC's own word for it: gRFC A6, "pushback". */
const RETRY_AFTER = 'grpc-retry-pushback-ms'

export interface ErrorTrailers {
  readonly code: string | undefined
  readonly hint: string | undefined
  readonly retryAfterMs: number | undefined
}

/** What an error has to say on the wire. */
export interface TrailedError extends Pick<MeziteError, 'code' | 'hint'> {
  readonly retryAfterMs?: number | undefined
}

export function encodeErrorTrailers(error: TrailedError): Metadata {
  const trailers = new Metadata()
  trailers.set(CODE, error.code)
  if (error.hint !== undefined) trailers.set(HINT, Buffer.from(error.hint))
  if (error.retryAfterMs !== undefined) {
    trailers.set(RETRY_AFTER, String(Math.ceil(error.retryAfterMs)))
  }
  return trailers
}

export function readErrorTrailers(trailers: Metadata): ErrorTrailers {
  const [code] = trailers.get(CODE)
  const [hint] = trailers.get(HINT)
  const [retryAfter] = trailers.get(RETRY_AFTER)
  return {
    code: code?.toString(),
    hint: hint?.toString(),
    retryAfterMs: readMilliseconds(retryAfter?.toString()),
  }
}

/** Whatever is not a number of milliseconds counts as not said. */
function readMilliseconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}
