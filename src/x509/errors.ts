import { MeziteError } from '../base/errors.ts'

/**
 * - `invalid-request`: what was asked for does not fit the profile (name, serial, validity, SAN)
 * - `outlives-issuer`: the certificate asked for would end after its CA
 * - `unsupported-key`: not an uncompressed ECDSA P-256 key, a point off the curve, or the CA's own key
 * - `key-mismatch`: the private key is not that of the CA certificate
 * - `malformed-certificate`: not one X.509 v3 certificate in DER
 * - `malformed-identity-uri`: not the canonical text of an identity
 * - `malformed-pem`: not RFC 7468 text with CERTIFICATE blocks alone
 * - `profile-mismatch`: a certificate, but not of the kind expected
 * - `wrong-issuer`, `not-yet-valid`, `expired`: the verdicts of `verifyIssuedBy`
 * - `self-check-failed`: what was signed does not read back as what was asked for
 */
export type X509ErrorCode =
  | 'invalid-request'
  | 'outlives-issuer'
  | 'unsupported-key'
  | 'key-mismatch'
  | 'malformed-certificate'
  | 'malformed-identity-uri'
  | 'malformed-pem'
  | 'profile-mismatch'
  | 'wrong-issuer'
  | 'not-yet-valid'
  | 'expired'
  | 'self-check-failed'

export class X509Error extends MeziteError<X509ErrorCode> {}
