/** Fields of requests as the domain takes them, and records as replies carry them. */
import type { Duration, Timestamp } from '@bufbuild/protobuf/wkt'
import { fromDuration, fromTimestamp, toTimestamp } from '../../../rpc/times.ts'
import { AuthError } from '../../errors.ts'

/** Milliseconds; undefined where it is unset. @throws AuthError `invalid-request` */
export function optionalDuration(field: string, value: Duration | undefined): number | undefined {
  if (value === undefined) return undefined
  return fromDuration(value) ?? invalid(field, 'a duration')
}

/** Milliseconds since the epoch; undefined where it is unset. @throws AuthError `invalid-request` */
export function optionalTime(field: string, value: Timestamp | undefined): number | undefined {
  if (value === undefined) return undefined
  return fromTimestamp(value) ?? invalid(field, 'a time')
}

/** proto3 can't tell an unset string or number from an empty one or zero: both mean unset here. */
export function optional<Value extends string | number>(value: Value): Value | undefined {
  return value === '' || value === 0 ? undefined : value
}

/** An RSA key of 16,384 bits has a good 2,000 bytes. */
const LONGEST_KEY = 4_096

/** Bytes that may be a public key. @throws AuthError `invalid-request` */
export function publicKey(field: string, bytes: Uint8Array): Buffer {
  if (bytes.length > 0 && bytes.length <= LONGEST_KEY) return Buffer.from(bytes)
  const message = `${field} has ${bytes.length} bytes, which no public key has`
  throw new AuthError('invalid-request', message)
}

const LONGEST_DESCRIPTION = 255

/**
 * What a client says of itself, fit for a table on a terminal: cut, and without control characters.
 * It is never a reason to refuse a call.
 */
export function selfDescription(text: string): string {
  return text.slice(0, LONGEST_DESCRIPTION).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?')
}

/** For a field of a reply that may be left out. */
export function timeField<Name extends string>(
  name: Name,
  ms: number | undefined,
): { readonly [Key in Name]?: Timestamp } {
  const field: { [Key in Name]?: Timestamp } = {}
  if (ms !== undefined) field[name] = toTimestamp(ms)
  return field
}

function invalid(field: string, kind: string): never {
  throw new AuthError('invalid-request', `${field} is not ${kind}`)
}
