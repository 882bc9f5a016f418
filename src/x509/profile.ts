/**
 * The one X.509 profile of a cluster (RFC 5280): its TLS CA, the hub's server certificate and the
 * client identity certificates, all ECDSA P-256 with SHA-256.
 *
 * Invariants of this folder:
 * - A certificate is written and judged by the same list of extensions; there is no second opinion
 *   of what belongs in it, and one more, one fewer or a different flag is refused.
 * - An identity stands in one place, the only name of a client certificate. Subjects of leaves are
 *   empty, so nothing else can be taken for it.
 * - A request is checked before it is signed, signed once, and read back, by this folder's parser
 *   and by OpenSSL's, before it leaves.
 * - Bytes in, readonly values out: no clock, no randomness, no files.
 */
import type { ParsedCertificate } from './certificate.ts'
import { encodeElement, encodeOid, encodeSequence, encodeUnsignedInteger, TAG } from './der.ts'
import { DerReader } from './der-reader.ts'
import { X509Error } from './errors.ts'
import { isP256Spki, keyIdentifierOf } from './public-key.ts'

/** What a leaf is for: its one extended key usage (RFC 5280, 4.2.1.12). */
export type Purpose = 'server' | 'client'

export const EXTENDED_KEY_USAGE_OID: Readonly<Record<Purpose, string>> = {
  server: '1.3.6.1.5.5.7.3.1',
  client: '1.3.6.1.5.5.7.3.2',
}

/** ecdsa-with-SHA256, without parameters (RFC 5758, 3.2). */
export const ECDSA_WITH_SHA256 = encodeSequence(encodeOid('1.2.840.10045.4.3.2'))

export const EMPTY_NAME = encodeSequence()

const SUBJECT_ALT_NAME = '2.5.29.17'
const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35'

export interface Extension {
  readonly oid: string
  readonly der: Buffer
}

const TRUE = encodeElement(TAG.boolean, Uint8Array.of(0xff))

/** The maker of one kind of extension; what doesn't vary is encoded once. */
function extensionKind(oid: string, flags: { readonly critical: boolean }) {
  const head = flags.critical ? [encodeOid(oid), TRUE] : [encodeOid(oid)]
  return (value: Uint8Array): Extension => ({
    oid,
    der: encodeSequence(...head, encodeElement(TAG.octetString, value)),
  })
}

const basicConstraints = extensionKind('2.5.29.19', { critical: true })
const keyUsage = extensionKind('2.5.29.15', { critical: true })
const extendedKeyUsage = extensionKind('2.5.29.37', { critical: false })
const subjectKeyIdentifier = extensionKind('2.5.29.14', { critical: false })
const issuerKeyIdentifier = extensionKind(AUTHORITY_KEY_IDENTIFIER, { critical: false })
/** Critical, as the subject is empty (RFC 5280, 4.2.1.6). */
const subjectAltName = extensionKind(SUBJECT_ALT_NAME, { critical: true })

const PATH_LENGTH_ZERO = encodeUnsignedInteger(Uint8Array.of(0))
const CA_CONSTRAINTS = basicConstraints(encodeSequence(TRUE, PATH_LENGTH_ZERO))
const LEAF_CONSTRAINTS = basicConstraints(encodeSequence())

/** Named bits count from the left, and DER drops the zeros at the end (RFC 5280, 4.2.1.3). */
const CERTIFICATE_AND_CRL_SIGN = keyUsage(encodeElement(TAG.bitString, Uint8Array.of(1, 0x06)))
const DIGITAL_SIGNATURE = keyUsage(encodeElement(TAG.bitString, Uint8Array.of(7, 0x80)))

function purposeExtension(purpose: Purpose): Extension {
  return extendedKeyUsage(encodeSequence(encodeOid(EXTENDED_KEY_USAGE_OID[purpose])))
}

const PURPOSES: Readonly<Record<Purpose, Extension>> = {
  server: purposeExtension('server'),
  client: purposeExtension('client'),
}

function ownKeyIdentifier(spki: Uint8Array): Extension {
  return subjectKeyIdentifier(encodeElement(TAG.octetString, keyIdentifierOf(spki)))
}

/** The pointer from a leaf to its CA's key (RFC 5280, 4.2.1.1). */
export function authorityKeyIdentifier(keyIdentifier: Uint8Array): Extension {
  return issuerKeyIdentifier(encodeSequence(encodeElement(TAG.context(0), keyIdentifier)))
}

export function caExtensions(spki: Uint8Array): readonly Extension[] {
  return [CA_CONSTRAINTS, CERTIFICATE_AND_CRL_SIGN, ownKeyIdentifier(spki)]
}

/** `names` is the value (DER) of the subject alternative name. */
export function leafExtensions(
  purpose: Purpose,
  spki: Uint8Array,
  issuerKey: Extension,
  names: Uint8Array,
): readonly Extension[] {
  return [
    LEAF_CONSTRAINTS,
    DIGITAL_SIGNATURE,
    PURPOSES[purpose],
    ownKeyIdentifier(spki),
    issuerKey,
    subjectAltName(names),
  ]
}

/**
 * Refuses what is not a CA of this profile, signature aside.
 *
 * @throws X509Error `profile-mismatch`
 */
export function requireCaProfile(certificate: ParsedCertificate): void {
  requireAlgorithms(certificate)
  requireExtensions(certificate, caExtensions(certificate.spki))
  if (certificate.subject.equals(EMPTY_NAME)) throw mismatch('the CA has no name')
  if (!certificate.issuer.equals(certificate.subject))
    throw mismatch('the CA is not its own issuer')
}

/**
 * Refuses what is not a leaf of this profile and purpose, signature and issuer aside. Returns the
 * value (DER) of its subject alternative name, unread.
 *
 * @throws X509Error `profile-mismatch`, `malformed-certificate`
 */
export function requireLeafProfile(certificate: ParsedCertificate, purpose: Purpose): Buffer {
  requireAlgorithms(certificate)
  const names = extensionValue(certificate, SUBJECT_ALT_NAME)
  const issuerKey = authorityKeyIdentifier(authorityKeyOf(certificate))
  requireExtensions(certificate, leafExtensions(purpose, certificate.spki, issuerKey, names))
  if (!certificate.subject.equals(EMPTY_NAME)) throw mismatch('the subject is not empty')
  return names
}

/** The key identifier of the CA that a leaf names. */
function authorityKeyOf(certificate: ParsedCertificate): Buffer {
  const value = new DerReader(extensionValue(certificate, AUTHORITY_KEY_IDENTIFIER))
  return value.enter(TAG.sequence).read(TAG.context(0)).content
}

function requireAlgorithms(certificate: ParsedCertificate): void {
  if (!certificate.signatureAlgorithm.equals(ECDSA_WITH_SHA256)) {
    throw mismatch('the signature is not ECDSA with SHA-256')
  }
  if (!isP256Spki(certificate.spki)) throw mismatch('the key is not ECDSA P-256')
}

function requireExtensions(certificate: ParsedCertificate, expected: readonly Extension[]): void {
  for (const { oid, der } of expected) {
    if (!certificate.extensions.get(oid)?.der.equals(der)) {
      throw mismatch(`extension ${oid} is missing or has another value`)
    }
  }
  if (certificate.extensions.size > expected.length) throw mismatch('it has further extensions')
}

function extensionValue(certificate: ParsedCertificate, oid: string): Buffer {
  const extension = certificate.extensions.get(oid)
  if (!extension) throw mismatch(`extension ${oid} is missing`)
  return extension.value
}

export function mismatch(what: string): X509Error {
  return new X509Error('profile-mismatch', `not a certificate of the expected kind: ${what}`)
}
