import { type KeyObject, X509Certificate } from 'node:crypto'
import { formatTime } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import type { X509Signer } from './authority.ts'
import { parseCertificate } from './certificate.ts'
import { X509Error } from './errors.ts'
import { encodeIdentityUri, type PeerIdentity } from './identity-uri.ts'
import {
  EMPTY_NAME,
  EXTENDED_KEY_USAGE_OID,
  leafExtensions,
  type Purpose,
  requireLeafProfile,
} from './profile.ts'
import { parseP256Spki } from './public-key.ts'
import {
  encodeCertificate,
  encodeTbs,
  type IssuedCertificate,
  issued,
} from './signed-certificate.ts'
import { encodeHostNames, encodeUriName } from './subject-alt-name.ts'
import { hasValidity, type Validity, wholeSeconds } from './validity.ts'

/** The name under which every hub can be verified, whatever address it was reached at. */
export const HUB_SERVER_NAME = 'hub.mezite.internal'

export interface LeafRequest {
  /** SubjectPublicKeyInfo (DER), ECDSA P-256. */
  readonly spki: Uint8Array
  /** 16 random octets. */
  readonly serial: Uint8Array
  readonly validity: Validity
}

export interface ServerCertificateRequest extends LeafRequest {
  /** In lower case, without wildcards; `HUB_SERVER_NAME` is always added. */
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
}

export interface ClientCertificateRequest extends LeafRequest {
  readonly identity: PeerIdentity
}

/**
 * The hub's certificate for TLS servers.
 *
 * @throws X509Error `invalid-request`, `outlives-issuer`, `unsupported-key`, `self-check-failed`
 */
export function issueServerCertificate(
  request: ServerCertificateRequest,
  ca: X509Signer,
): IssuedCertificate {
  const dnsNames = [...new Set([HUB_SERVER_NAME, ...request.dnsNames])]
  const ipAddresses = [...new Set(request.ipAddresses)]
  const names = encodeHostNames(dnsNames, ipAddresses)
  return issueLeaf(
    request,
    'server',
    names,
    ca,
    (certificate) =>
      // checkHost would take a wildcard for a match; these names have none.
      dnsNames.every((name) => certificate.checkHost(name) === name) &&
      ipAddresses.every((address) => certificate.checkIP(address) !== undefined),
  )
}

/**
 * An identity certificate for TLS clients.
 *
 * @throws X509Error `invalid-request`, `outlives-issuer`, `unsupported-key`, `self-check-failed`
 */
export function issueClientCertificate(
  request: ClientCertificateRequest,
  ca: X509Signer,
): IssuedCertificate {
  const uri = encodeIdentityUri(request.identity)
  const names = encodeUriName(uri)
  return issueLeaf(
    request,
    'client',
    names,
    ca,
    (certificate) => certificate.subjectAltName === `URI:${uri}`,
  )
}

function issueLeaf(
  request: LeafRequest,
  purpose: Purpose,
  names: Buffer,
  ca: X509Signer,
  hasNames: (certificate: X509Certificate) => boolean,
): IssuedCertificate {
  const validity = wholeSeconds(request.validity)
  const issuer = ca.certificate
  if (validity.notAfterMs > issuer.validity.notAfterMs) {
    const end = formatTime(issuer.validity.notAfterMs)
    throw new X509Error(
      'outlives-issuer',
      `the TLS CA ends at ${end}, before its certificate would`,
      {
        hint: 'rotate the TLS CA, or ask for a shorter life',
      },
    )
  }
  const subjectKey = parseP256Spki(request.spki)
  if (issuer.spki.equals(request.spki)) {
    throw new X509Error('unsupported-key', "the CA's own key can't be the key of a leaf")
  }
  const { spki, serial } = request
  const extensions = leafExtensions(purpose, spki, issuer.leafIssuerKey, names)
  const tbs = encodeTbs({
    serial,
    issuer: issuer.subject,
    validity,
    subject: EMPTY_NAME,
    spki,
    extensions,
  })
  const der = encodeCertificate(tbs, ca.sign(tbs))
  return readBack(der, { validity, names, purpose, subjectKey, hasNames }, ca)
}

interface Expected {
  readonly validity: Validity
  readonly names: Buffer
  readonly purpose: Purpose
  readonly subjectKey: KeyObject
  readonly hasNames: (certificate: X509Certificate) => boolean
}

/** Reads a new leaf with both parsers; it leaves only when each finds what was asked for. */
function readBack(der: Buffer, expected: Expected, ca: X509Signer): IssuedCertificate {
  const { validity, names, purpose } = expected
  try {
    const parsed = parseCertificate(der)
    const opened = new X509Certificate(der)
    const findings: Readonly<Record<string, boolean>> = {
      names: requireLeafProfile(parsed, purpose).equals(names) && expected.hasNames(opened),
      usage: opened.keyUsage.join() === EXTENDED_KEY_USAGE_OID[purpose] && !opened.ca,
      serial: opened.serialNumber === parsed.serialNumber,
      validity: hasValidity(opened, validity),
      key: opened.publicKey.equals(expected.subjectKey),
      issuer: opened.checkIssued(ca.certificate.x509),
      signature: opened.verify(ca.certificate.publicKey),
    }
    const wrong = Object.keys(findings).filter((name) => !findings[name])
    if (wrong.length > 0) throw new Error(`wrong ${wrong.join(', ')}`)
    return issued(der, parsed)
  } catch (cause) {
    const message = `the new certificate does not read back: ${messageOf(cause)}`
    throw new X509Error('self-check-failed', message, { cause })
  }
}
