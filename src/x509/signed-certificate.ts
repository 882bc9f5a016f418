import {
  encodeBitString,
  encodeElement,
  encodeSequence,
  encodeUnsignedInteger,
  TAG,
} from './der.ts'
import { X509Error } from './errors.ts'
import { encodeCertificatePem } from './pem.ts'
import { ECDSA_WITH_SHA256, type Extension } from './profile.ts'
import { encodeValidity, type Validity } from './validity.ts'

/** A certificate that was signed, read back and found to be as asked for. */
export interface IssuedCertificate {
  readonly der: Buffer
  readonly pem: string
  /** Upper-case hexadecimal, whole octets, as OpenSSL prints it. */
  readonly serialNumber: string
  readonly validity: Validity
}

/** What varies between certificates; issuer and subject are Names (DER), spki is DER. */
export interface TbsFields {
  /** 16 random octets, not all zero: a serial that nobody can guess. */
  readonly serial: Uint8Array
  readonly issuer: Uint8Array
  readonly validity: Validity
  readonly subject: Uint8Array
  readonly spki: Uint8Array
  readonly extensions: readonly Extension[]
}

const SERIAL_OCTETS = 16
const VERSION_3 = encodeElement(TAG.contextConstructed(0), encodeUnsignedInteger(Uint8Array.of(2)))

/**
 * TBSCertificate (RFC 5280, 4.1.2).
 *
 * @throws X509Error `invalid-request` for a serial of another length, or zero
 */
export function encodeTbs(fields: TbsFields): Buffer {
  const { serial } = fields
  if (serial.length !== SERIAL_OCTETS || serial.every((octet) => octet === 0)) {
    throw new X509Error('invalid-request', 'a serial number is 128 random bits, not all zero')
  }
  return encodeSequence(
    VERSION_3,
    encodeUnsignedInteger(serial),
    ECDSA_WITH_SHA256,
    fields.issuer,
    encodeValidity(fields.validity),
    fields.subject,
    fields.spki,
    encodeElement(
      TAG.contextConstructed(3),
      encodeSequence(...fields.extensions.map((extension) => extension.der)),
    ),
  )
}

/** The Certificate (DER) of a TBSCertificate and its signature, an Ecdsa-Sig-Value (DER). */
export function encodeCertificate(tbs: Uint8Array, signature: Uint8Array): Buffer {
  return encodeSequence(tbs, ECDSA_WITH_SHA256, encodeBitString(signature))
}

export function issued(
  der: Buffer,
  certificate: Pick<IssuedCertificate, 'serialNumber' | 'validity'>,
): IssuedCertificate {
  const { serialNumber, validity } = certificate
  return { der, pem: encodeCertificatePem(der), serialNumber, validity }
}
