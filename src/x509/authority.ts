import { type KeyObject, sign, X509Certificate } from 'node:crypto'
import { type ParsedCertificate, parseCertificate } from './certificate.ts'
import { encodeElement, encodeOid, encodeSequence, encodeText, TAG } from './der.ts'
import { malformed } from './der-reader.ts'
import { X509Error } from './errors.ts'
import {
  authorityKeyIdentifier,
  caExtensions,
  type Extension,
  mismatch,
  requireCaProfile,
} from './profile.ts'
import { keyIdentifierOf, spkiOfPrivateKey } from './public-key.ts'
import {
  encodeCertificate,
  encodeTbs,
  type IssuedCertificate,
  issued,
} from './signed-certificate.ts'
import { hasValidity, type Validity, wholeSeconds } from './validity.ts'

/** A TLS CA certificate, its profile and self-signature checked, with what every leaf takes of it. */
export interface ParsedCa extends ParsedCertificate {
  readonly x509: X509Certificate
  readonly publicKey: KeyObject
  /** Its subject key identifier. */
  readonly keyIdentifier: Buffer
  /** The extension by which its leaves name its key. */
  readonly leafIssuerKey: Extension
}

/** A CA that signs; where its private key is, only it knows. */
export interface X509Signer {
  readonly certificate: ParsedCa
  /** Ecdsa-Sig-Value (DER) over the SHA-256 of a TBSCertificate. */
  sign(tbs: Uint8Array): Uint8Array
}

export interface CertificateAuthorityRequest {
  /** Stands in the CA's name: 1 to 50 of `A-Za-z0-9._-` and spaces, no mark at an end. */
  readonly clusterName: string
  /** ECDSA P-256. */
  readonly privateKey: KeyObject
  /** 16 random octets. */
  readonly serial: Uint8Array
  readonly validity: Validity
}

/** The common name `Mezite TLS CA ` and this stay within 64 characters (RFC 5280, ub-common-name). */
const CLUSTER_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,48}[A-Za-z0-9])?$/

/**
 * A new self-signed TLS CA.
 *
 * @throws X509Error `invalid-request`, `unsupported-key`, `self-check-failed`
 */
export function createCertificateAuthority(
  request: CertificateAuthorityRequest,
): IssuedCertificate {
  const { clusterName, privateKey, serial } = request
  if (!CLUSTER_NAME.test(clusterName)) {
    throw new X509Error('invalid-request', `${JSON.stringify(clusterName)} can't name a cluster`, {
      hint: 'use 1 to 50 letters, digits, spaces, dots, dashes and underscores',
    })
  }
  const spki = spkiOfPrivateKey(privateKey)
  const name = encodeSequence(
    attribute('2.5.4.10', 'Mezite'),
    attribute('2.5.4.3', `Mezite TLS CA ${clusterName}`),
  )
  const validity = wholeSeconds(request.validity)
  const extensions = caExtensions(spki)
  const tbs = encodeTbs({ serial, issuer: name, validity, subject: name, spki, extensions })
  const der = encodeCertificate(tbs, sign('sha256', tbs, privateKey))
  try {
    const { certificate } = createX509Signer(der, privateKey)
    if (!hasValidity(certificate.x509, validity)) throw mismatch('another validity')
    return issued(der, certificate)
  } catch (cause) {
    throw new X509Error('self-check-failed', 'the new CA certificate does not read back', { cause })
  }
}

/** A RelativeDistinguishedName of one attribute in UTF8String (RFC 5280, 4.1.2.4). */
function attribute(oid: string, text: string): Buffer {
  return encodeElement(TAG.set, encodeSequence(encodeOid(oid), encodeText(TAG.utf8String, text)))
}

/**
 * Reads a TLS CA. Whether it is trusted, and valid now, is not judged.
 *
 * @throws X509Error `malformed-certificate`, `profile-mismatch`
 */
export function parseCa(source: Uint8Array | X509Certificate): ParsedCa {
  const certificate = parseCertificate(source)
  requireCaProfile(certificate)
  const { x509, publicKey } = openCertificate(certificate.der)
  if (!x509.verify(publicKey)) throw mismatch('the CA is not signed by its own key')
  const keyIdentifier = keyIdentifierOf(certificate.spki)
  const leafIssuerKey = authorityKeyIdentifier(keyIdentifier)
  return { ...certificate, x509, publicKey, keyIdentifier, leafIssuerKey }
}

/** The certificate as OpenSSL reads it; its point is checked to be on the curve. */
function openCertificate(der: Buffer): { x509: X509Certificate; publicKey: KeyObject } {
  try {
    const x509 = new X509Certificate(der)
    return { x509, publicKey: x509.publicKey }
  } catch (cause) {
    throw malformed('OpenSSL refuses it', cause)
  }
}

/**
 * A signer with its private key in memory, loaded once: signing from PEM costs many times more.
 *
 * @throws X509Error `malformed-certificate`, `profile-mismatch`, `key-mismatch`
 */
export function createX509Signer(
  caCertificate: Uint8Array | X509Certificate,
  privateKey: KeyObject,
): X509Signer {
  const certificate = parseCa(caCertificate)
  if (privateKey.type !== 'private' || !certificate.x509.checkPrivateKey(privateKey)) {
    throw new X509Error('key-mismatch', 'the private key is not that of the TLS CA certificate')
  }
  return { certificate, sign: (tbs) => sign('sha256', tbs, privateKey) }
}
