import { createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto'
import { sha256 } from '../base/bytes.ts'
import { parseCertificate } from './certificate.ts'
import { X509Error } from './errors.ts'

/** SubjectPublicKeyInfo of P-256 up to the coordinates: uncompressed, named curve (RFC 5480, 2). */
const P256_PREFIX = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex')
const P256_LENGTH = P256_PREFIX.length + 64
/** The key itself, `04 || x || y`, after the BIT STRING's count of unused bits. */
const P256_POINT_OFFSET = P256_PREFIX.length - 1

/** Whether the SubjectPublicKeyInfo has the form of a P-256 key; the point may be off the curve. */
export function isP256Spki(spki: Uint8Array): boolean {
  return spki.length === P256_LENGTH && P256_PREFIX.equals(spki.subarray(0, P256_PREFIX.length))
}

/**
 * The key in a SubjectPublicKeyInfo, its point checked to be on the curve.
 *
 * @throws X509Error `unsupported-key`
 */
export function parseP256Spki(spki: Uint8Array): KeyObject {
  if (!isP256Spki(spki)) throw unsupportedKey()
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch (cause) {
    throw unsupportedKey(cause)
  }
}

/** The SubjectPublicKeyInfo (DER) that belongs to a P-256 private key. */
export function spkiOfPrivateKey(privateKey: KeyObject): Buffer {
  if (privateKey.type !== 'private') throw unsupportedKey()
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  if (!isP256Spki(spki)) throw unsupportedKey()
  return spki
}

function unsupportedKey(cause?: unknown): X509Error {
  return new X509Error('unsupported-key', 'the key is not an uncompressed ECDSA P-256 key', {
    cause,
  })
}

/** The key identifier of a P-256 key: 160 bits of SHA-256 over the point (RFC 7093, 2, method 1). */
export function keyIdentifierOf(spki: Uint8Array): Buffer {
  return sha256(spki.subarray(P256_POINT_OFFSET)).subarray(0, 20)
}

/**
 * The first 128 bits of SHA-256 over a certificate's SubjectPublicKeyInfo, of any algorithm: the pin
 * that a join token carries.
 *
 * @throws X509Error `malformed-certificate`
 */
export function spkiPin(certificate: Uint8Array | X509Certificate): Buffer {
  return sha256(parseCertificate(certificate).spki).subarray(0, 16)
}
