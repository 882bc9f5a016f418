import type { X509Certificate } from 'node:crypto'
import { formatTime, SECOND } from '../base/clock.ts'
import { encodeSequence, encodeText, TAG } from './der.ts'
import { type DerElement, type DerReader, malformed } from './der-reader.ts'
import { X509Error } from './errors.ts'

/**
 * From `notBeforeMs` through `notAfterMs`, both inclusive (RFC 5280, 4.1.2.5), in milliseconds since
 * the Unix epoch. Certificates carry whole seconds.
 */
export interface Validity {
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** UTCTime has two digits for the year: 50 to 99 are 19xx, 00 to 49 are 20xx. */
const EARLIEST = Date.UTC(1950, 0, 1)
const GENERALIZED_FROM = Date.UTC(2050, 0, 1)
const END = Date.UTC(10_000, 0, 1)

/**
 * The validity as a certificate carries it: milliseconds are cut off, so it never ends later than
 * asked for.
 *
 * @throws X509Error `invalid-request` when it ends before it begins, or leaves the years 1950-9999
 */
export function wholeSeconds(validity: Validity): Validity {
  const notBeforeMs = Math.floor(validity.notBeforeMs / SECOND) * SECOND
  const notAfterMs = Math.floor(validity.notAfterMs / SECOND) * SECOND
  if (!(EARLIEST <= notBeforeMs && notBeforeMs < notAfterMs && notAfterMs < END)) {
    throw new X509Error(
      'invalid-request',
      `no certificate is valid from ${validity.notBeforeMs} to ${validity.notAfterMs} (ms)`,
    )
  }
  return { notBeforeMs, notAfterMs }
}

/** UTCTime through 2049, GeneralizedTime from 2050 on (RFC 5280, 4.1.2.5); `ms` in 1950-9999. */
export function encodeTime(ms: number): Buffer {
  const text = formatTime(ms).replace(/[-:T]/g, '')
  return ms < GENERALIZED_FROM
    ? encodeText(TAG.utcTime, text.slice(2))
    : encodeText(TAG.generalizedTime, text)
}

export function encodeValidity(validity: Validity): Buffer {
  return encodeSequence(encodeTime(validity.notBeforeMs), encodeTime(validity.notAfterMs))
}

/** Milliseconds since the epoch. Refuses every form but the one that `encodeTime` writes. */
export function parseTime(element: DerElement): number {
  const text = element.content.toString('latin1')
  const century = element.tag === TAG.generalizedTime ? '' : text < '5' ? '20' : '19'
  const digits = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(century + text)
  if (!digits) throw malformed('a time in no form of RFC 5280')
  const [year = 0, month = 0, day, hour, minute, second] = digits.slice(1).map(Number)
  const ms = Date.UTC(year, month - 1, day, hour, minute, second)
  // Dates that don't exist (30 February) and second spellings don't come back as they were.
  if (!encodeTime(ms).equals(element.der)) throw malformed('no such time')
  return ms
}

/** Whether OpenSSL reads the same validity from a certificate. */
export function hasValidity(certificate: X509Certificate, validity: Validity): boolean {
  return (
    Date.parse(certificate.validFrom) === validity.notBeforeMs &&
    Date.parse(certificate.validTo) === validity.notAfterMs
  )
}

/** Reads a Validity; its end is not before its beginning. */
export function readValidity(reader: DerReader): Validity {
  const times = reader.enter(TAG.sequence)
  const notBeforeMs = parseTime(times.any())
  const notAfterMs = parseTime(times.any())
  times.end()
  if (notAfterMs < notBeforeMs) throw malformed('a validity that ends before it begins')
  return { notBeforeMs, notAfterMs }
}
