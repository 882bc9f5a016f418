import type { X509Certificate } from 'node:crypto'
import { sha256 } from '../base/bytes.ts'
import { parseCertificate } from './certificate.ts'
import { type PeerIdentity, parseIdentityUri } from './identity-uri.ts'
import { requireLeafProfile } from './profile.ts'
import { parseUriName } from './subject-alt-name.ts'
import type { Validity } from './validity.ts'

/** What a client identity certificate says. */
export interface PeerCertificate {
  readonly identity: PeerIdentity
  readonly validity: Validity
  /** Upper-case hexadecimal, whole octets, as OpenSSL prints it. */
  readonly serialNumber: string
  /** SubjectPublicKeyInfo (DER), ECDSA P-256. */
  readonly spki: Buffer
  /** SHA-256 of `spki`, 32 octets. */
  readonly spkiFingerprint: Buffer
}

/**
 * Reads a client identity certificate of the profile and nothing near it. Says what the certificate
 * claims: TLS, or `verifyIssuedBy`, must have verified it; whether its cluster is this one, and
 * whether it is valid now, is for the caller to ask.
 *
 * @throws X509Error `malformed-certificate`, `profile-mismatch`, `malformed-identity-uri`
 */
export function readPeerIdentity(source: Uint8Array | X509Certificate): PeerCertificate {
  const certificate = parseCertificate(source)
  const { validity, serialNumber, spki } = certificate
  const identity = parseIdentityUri(parseUriName(requireLeafProfile(certificate, 'client')))
  return { identity, validity, serialNumber, spki, spkiFingerprint: sha256(spki) }
}
