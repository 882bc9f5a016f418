/**
 * SSH certificates, as in OpenSSH's PROTOCOL.certkeys, whose names the fields have here.
 *
 * This folder holds every SSH format of Mezite and nothing else: bytes and text in, readonly values
 * out. It keeps to these rules:
 * - Parsers take one spelling of a value. Truncated, trailing and non-canonical input is a typed
 *   SshFormatError, and input never decides how much is allocated.
 * - Encoders write nothing that could be read as something else: no newline reaches a line.
 * - RSA keys have 2048 bits or more and sign with SHA-2; SHA-1 is nowhere accepted.
 * - A certificate is checked before it is signed, and read back and verified before it leaves.
 * - Times are seconds since the epoch, times and serials `bigint`; no clock is read.
 */
import { quoted, SshFormatError } from './errors.ts'
import { encodeKeyLine, parseKeyLine } from './key-line.ts'
import { isKeyType, type KeyType } from './key-type.ts'
import { isSameKey, parsePublicKey, readKeyFields, type SshPublicKey } from './public-key.ts'
import { parseSignature, verifySignature } from './signature.ts'
import { SshReader, SshWriter } from './wire.ts'

export type CertificateType = 'user' | 'host'

/** The `type` field on the wire. */
export const CERTIFICATE_TYPE_CODES: Readonly<Record<CertificateType, number>> = {
  user: 1,
  host: 2,
}

/** OpenSSH refuses certificates with more. */
export const MOST_PRINCIPALS = 256

const TYPE_SUFFIX = '-cert-v01@openssh.com'

/** A critical option or an extension. `value` is empty for those that are flags. */
export interface CertificateOption {
  readonly name: string
  readonly value: string
}

/** What a certificate says: everything that its authority decides. */
export interface CertificateProfile {
  readonly publicKey: SshPublicKey
  readonly serial: bigint
  readonly type: CertificateType
  readonly keyId: string
  readonly validPrincipals: readonly string[]
  /** Seconds since the epoch; the first second at which the certificate is valid. */
  readonly validAfter: bigint
  /** Seconds since the epoch; the first second at which it no longer is. */
  readonly validBefore: bigint
  readonly criticalOptions: readonly CertificateOption[]
  readonly extensions: readonly CertificateOption[]
}

/** A signed certificate. Parsing proves its form; only `verifyCertificate` proves its origin. */
export interface SshCertificate extends CertificateProfile {
  readonly nonce: Buffer
  readonly reserved: Buffer
  readonly signatureKey: SshPublicKey
  /** The signature blob. */
  readonly signature: Buffer
  /** The whole certificate on the wire. */
  readonly blob: Buffer
}

/** `ssh-ed25519-cert-v01@openssh.com` for `ssh-ed25519`. */
export function certificateTypeName(type: KeyType): string {
  return `${type}${TYPE_SUFFIX}`
}

/**
 * Reads a certificate of any authority: its form is checked, not the rules of a profile.
 *
 * @throws SshFormatError `unsupported` also for a signature by SHA-1 or a chained certificate
 */
export function parseCertificate(bytes: Uint8Array): SshCertificate {
  const blob = Buffer.from(bytes)
  const reader = new SshReader(blob, 'certificate')
  const keyType = parseTypeName(reader.text())
  const nonce = reader.string()
  const keyStart = reader.offset
  readKeyFields(reader, keyType)
  const keyFields = blob.subarray(keyStart, reader.offset)
  const body = {
    publicKey: { type: keyType, blob: new SshWriter().string(keyType).raw(keyFields).bytes() },
    nonce,
    serial: reader.uint64(),
    type: parseCertificateType(reader.uint32()),
    keyId: reader.text(),
    validPrincipals: readPrincipals(reader.nested()),
    validAfter: reader.uint64(),
    validBefore: reader.uint64(),
    criticalOptions: readOptions(reader.nested()),
    extensions: readOptions(reader.nested()),
    reserved: reader.string(),
    signatureKey: parsePublicKey(reader.string()),
    signature: reader.string(),
    blob,
  }
  reader.end()
  parseSignature(body.signature, body.signatureKey.type)
  return body
}

function parseTypeName(name: string): KeyType {
  const keyType = name.endsWith(TYPE_SUFFIX) ? name.slice(0, -TYPE_SUFFIX.length) : ''
  if (isKeyType(keyType)) return keyType
  throw new SshFormatError('unsupported', `${quoted(name)} is not an accepted certificate type`)
}

function parseCertificateType(code: number): CertificateType {
  if (code === CERTIFICATE_TYPE_CODES.user) return 'user'
  if (code === CERTIFICATE_TYPE_CODES.host) return 'host'
  throw new SshFormatError('malformed', `a certificate of type ${code} is for no one`)
}

function readPrincipals(reader: SshReader): readonly string[] {
  const principals: string[] = []
  while (!reader.done) {
    if (principals.length === MOST_PRINCIPALS) {
      throw new SshFormatError('malformed', `it has more than ${MOST_PRINCIPALS} principals`)
    }
    principals.push(reader.text())
  }
  return principals
}

/** Names in ascending order, none twice; data empty, or one string that is not. */
function readOptions(reader: SshReader): readonly CertificateOption[] {
  const options: CertificateOption[] = []
  while (!reader.done) {
    const name = reader.text()
    if (name <= (options.at(-1)?.name ?? '')) {
      throw new SshFormatError('non-canonical', `the option ${quoted(name)} is out of order`)
    }
    options.push({ name, value: readOptionValue(reader.nested(), name) })
  }
  return options
}

function readOptionValue(data: SshReader, name: string): string {
  if (data.done) return ''
  const value = data.text()
  data.end()
  if (value !== '') return value
  throw new SshFormatError('non-canonical', `the option ${quoted(name)} has an empty value`)
}

/**
 * Proves that `authority` signed the certificate. To trust the key that the certificate names is to
 * trust anyone: give it only to check a certificate's integrity.
 *
 * @throws SshFormatError `mismatch` for another authority's certificate, `bad-signature`
 */
export function verifyCertificate(certificate: SshCertificate, authority: SshPublicKey): void {
  const { blob, signature, signatureKey } = certificate
  if (!isSameKey(signatureKey, authority)) {
    throw new SshFormatError('mismatch', 'another authority signed the certificate')
  }
  verifySignature(authority, blob.subarray(0, blob.length - 4 - signature.length), signature)
}

/** `validAfter <= now < validBefore`, all in seconds since the epoch. */
export function isValidAt(certificate: CertificateProfile, now: bigint): boolean {
  return certificate.validAfter <= now && now < certificate.validBefore
}

/** The content of a `-cert.pub` file, without its newline. */
export function encodeCertificateLine(certificate: SshCertificate, comment = ''): string {
  const type = certificateTypeName(certificate.publicKey.type)
  return encodeKeyLine({ type, blob: certificate.blob, comment })
}

/** @throws SshFormatError also `mismatch`, when the line names another type than the certificate */
export function parseCertificateLine(line: string): {
  readonly certificate: SshCertificate
  readonly comment: string
} {
  const { type, blob, comment } = parseKeyLine(line)
  const certificate = parseCertificate(blob)
  if (certificateTypeName(certificate.publicKey.type) !== type) {
    throw new SshFormatError('mismatch', `the line says ${quoted(type)}, its certificate does not`)
  }
  return { certificate, comment }
}
