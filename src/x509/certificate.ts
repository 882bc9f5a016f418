import { X509Certificate } from 'node:crypto'
import { TAG } from './der.ts'
import {
  DerReader,
  malformed,
  parseBitString,
  parseOid,
  parseUnsignedInteger,
} from './der-reader.ts'
import { readValidity, type Validity } from './validity.ts'

/** The fields of an X.509 v3 certificate (RFC 5280, 4.1) as they stand in it, nothing judged. */
export interface ParsedCertificate {
  readonly der: Buffer
  /** What the signature covers. */
  readonly tbs: Buffer
  /** Upper-case hexadecimal, whole octets, as OpenSSL prints it. */
  readonly serialNumber: string
  /** AlgorithmIdentifier (DER), the same inside and outside of `tbs`. */
  readonly signatureAlgorithm: Buffer
  /** Name (DER). */
  readonly issuer: Buffer
  readonly validity: Validity
  /** Name (DER). */
  readonly subject: Buffer
  /** SubjectPublicKeyInfo (DER). */
  readonly spki: Buffer
  /** By dotted OID; no OID occurs twice (RFC 5280, 4.2). */
  readonly extensions: ReadonlyMap<string, ParsedExtension>
  readonly signature: Buffer
}

export interface ParsedExtension {
  /** The whole Extension, its OID and criticality included. */
  readonly der: Buffer
  /** What the extnValue octet string holds. */
  readonly value: Buffer
}

/** Above any certificate in use; bounds what a peer can make us read. */
const LARGEST_CERTIFICATE = 64 * 1024

/**
 * Reads one certificate and nothing after it.
 *
 * @throws X509Error `malformed-certificate`
 */
export function parseCertificate(source: Uint8Array | X509Certificate): ParsedCertificate {
  const bytes = source instanceof X509Certificate ? source.raw : source
  if (bytes.length > LARGEST_CERTIFICATE) throw malformed(`${bytes.length} bytes long`)
  const der = Buffer.from(bytes)
  const file = new DerReader(der)
  const certificate = file.enter(TAG.sequence)
  file.end()
  const tbs = certificate.read(TAG.sequence)
  const signatureAlgorithm = certificate.read(TAG.sequence).der
  const signature = parseBitString(certificate.read(TAG.bitString).content)
  certificate.end()

  const fields = new DerReader(tbs.content)
  const wrapper = fields.enter(TAG.contextConstructed(0))
  const version = wrapper.read(TAG.integer).content
  wrapper.end()
  if (version.length !== 1 || version[0] !== 2) throw malformed('not of version 3')
  const serial = parseUnsignedInteger(fields.read(TAG.integer).content)
  // RFC 5280, 4.1.1.2: the unsigned copy of the algorithm must be the signed one.
  if (!fields.read(TAG.sequence).der.equals(signatureAlgorithm)) throw malformed('two algorithms')
  const issuer = fields.read(TAG.sequence).der
  const validity = readValidity(fields)
  const subject = fields.read(TAG.sequence).der
  const spki = fields.read(TAG.sequence).der
  // Unique identifiers would stand before the extensions; RFC 5280, 4.1.2.8, forbids them.
  const extensions = readExtensions(fields.enter(TAG.contextConstructed(3)))
  fields.end()

  return {
    der,
    tbs: tbs.der,
    serialNumber: serial.toString('hex').toUpperCase(),
    signatureAlgorithm,
    issuer,
    validity,
    subject,
    spki,
    extensions,
    signature,
  }
}

function readExtensions(wrapper: DerReader): ReadonlyMap<string, ParsedExtension> {
  const list = wrapper.enter(TAG.sequence)
  wrapper.end()
  const extensions = new Map<string, ParsedExtension>()
  while (!list.done) {
    const { der, content } = list.read(TAG.sequence)
    const fields = new DerReader(content)
    const oid = parseOid(fields.read(TAG.oid).content)
    const critical = fields.optional(TAG.boolean)
    // DER leaves a FALSE default out (X.690, 11.5) and writes TRUE as ff (11.1).
    if (critical && !critical.content.equals(TRUE)) throw malformed('a boolean that is not TRUE')
    const value = fields.read(TAG.octetString).content
    fields.end()
    if (extensions.has(oid)) throw malformed(`extension ${oid} twice`)
    extensions.set(oid, { der, value })
  }
  return extensions
}

const TRUE = Buffer.of(0xff)
