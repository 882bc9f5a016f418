import { verify, type X509Certificate } from 'node:crypto'
import { formatTime } from '../base/clock.ts'
import type { ParsedCa } from './authority.ts'
import { parseCertificate } from './certificate.ts'
import { X509Error } from './errors.ts'
import { ECDSA_WITH_SHA256 } from './profile.ts'
import type { Validity } from './validity.ts'

/**
 * Verifies that the CA signed a certificate and that both are valid at `nowMs`, milliseconds since
 * the epoch (RFC 5280, 6.1.3, for a path of one). What the certificate is for is not judged.
 *
 * @throws X509Error `wrong-issuer`, `not-yet-valid`, `expired`, `malformed-certificate`
 */
export function verifyIssuedBy(
  source: Uint8Array | X509Certificate,
  ca: ParsedCa,
  nowMs: number,
): void {
  const certificate = parseCertificate(source)
  const isSigned =
    certificate.issuer.equals(ca.subject) &&
    certificate.signatureAlgorithm.equals(ECDSA_WITH_SHA256) &&
    verify('sha256', certificate.tbs, ca.publicKey, certificate.signature)
  if (!isSigned) {
    throw new X509Error('wrong-issuer', 'the certificate was not signed by this TLS CA', {
      hint: "compare the cluster: the certificate may be another one's, or older than the CA",
    })
  }
  verifyValidAt('the TLS CA', ca.validity, nowMs)
  verifyValidAt('the certificate', certificate.validity, nowMs)
}

function verifyValidAt(what: string, validity: Validity, nowMs: number): void {
  const clock = `this machine's clock reads ${formatTime(nowMs)}`
  if (nowMs < validity.notBeforeMs) {
    const start = formatTime(validity.notBeforeMs)
    throw new X509Error('not-yet-valid', `${what} is valid from ${start} on, ${clock}`, {
      hint: 'a clock is wrong: set the time here and on the hub (NTP)',
    })
  }
  if (nowMs > validity.notAfterMs) {
    const end = formatTime(validity.notAfterMs)
    throw new X509Error('expired', `${what} was valid until ${end}, ${clock}`)
  }
}
