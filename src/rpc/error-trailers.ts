/**
 * An error on the wire: its message is the gRPC status message; its code and hint travel in the
 * trailers, so that the caller can show and act on what the hub meant.
 */
import { Metadata } from '@grpc/grpc-js'
import type { MeziteError } from '../base/errors.ts'

const CODE = 'mezite-code'
const HINT = 'mezite-hint-bin'

export interface ErrorTrailers {
  readonly code: string | undefined
  readonly hint: string | undefined
}

export function encodeErrorTrailers(error: Pick<MeziteError, 'code' | 'hint'>): Metadata {
  const trailers = new Metadata()
  trailers.set(CODE, error.code)
  if (error.hint !== undefined) trailers.set(HINT, Buffer.from(error.hint))
  return trailers
}

export function readErrorTrailers(trailers: Metadata): ErrorTrailers {
  const [code] = trailers.get(CODE)
  const [hint] = trailers.get(HINT)
  return { code: code?.toString(), hint: hint?.toString() }
}
