import { createECDH, createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { SshFormatError } from './errors.ts'
import { type Curve, curveOf } from './key-type.ts'
import {
  isSameKey,
  jwkBytes,
  publicKeyFrom,
  readKeyFields,
  rsaFields,
  type SshPublicKey,
} from './public-key.ts'
import type { SshReader, SshWriter } from './wire.ts'

/** Writes the type and the private fields of one key, as in OpenSSH's PROTOCOL.key. */
export function encodePrivateFields(writer: SshWriter, privateKey: KeyObject): void {
  const { type, blob } = publicKeyFrom(privateKey)
  const jwk = privateKey.export({ format: 'jwk' })
  if (type === 'ssh-rsa') {
    writer.string(type)
    for (const member of [jwk.n, jwk.e, jwk.d, jwk.qi, jwk.p, jwk.q]) {
      writer.mpint(jwkBytes(member))
    }
    return
  }
  writer.raw(blob)
  if (type === 'ssh-ed25519') {
    writer.string(Buffer.concat([jwkBytes(jwk.d), jwkBytes(jwk.x)]))
  } else {
    writer.mpint(jwkBytes(jwk.d))
  }
}

/**
 * Reads the type and the private fields of the key whose public half is `publicKey`.
 *
 * @throws SshFormatError `mismatch` when they are another key's, or don't fit one another
 */
export function readPrivateFields(reader: SshReader, publicKey: SshPublicKey): KeyObject {
  if (reader.text() !== publicKey.type) throw mismatch()
  const privateKey = importKey(privateFields(reader, publicKey))
  if (!isSameKey(publicKeyFrom(privateKey), publicKey)) throw mismatch()
  return privateKey
}

function privateFields(reader: SshReader, publicKey: SshPublicKey): JsonWebKey {
  const { type } = publicKey
  if (type === 'ssh-rsa') return rsaPrivateFields(reader)
  const jwk = readKeyFields(reader, type)
  const curve = curveOf(type)
  if (curve !== undefined) return { ...jwk, d: readScalar(reader, curve, publicKey) }
  const secret = reader.string()
  if (secret.length !== 64 || secret.toString('base64url', 32) !== jwk.x) throw mismatch()
  return { ...jwk, d: secret.toString('base64url', 0, 32) }
}

/**
 * The private scalar in the width that RFC 7518, section 6.2.2.1, asks for. OpenSSL takes one
 * without asking whether the point is its own.
 */
function readScalar(reader: SshReader, curve: Curve, publicKey: SshPublicKey): string {
  const scalar = reader.mpint()
  const ecdh = createECDH(curve.opensslName)
  try {
    ecdh.setPrivateKey(scalar)
  } catch (cause) {
    throw new SshFormatError('malformed', 'the private scalar is out of range', { cause })
  }
  const point = ecdh.getPublicKey()
  if (!publicKey.blob.subarray(-point.length).equals(point)) throw mismatch()
  const padding = Buffer.alloc(curve.bytes - scalar.length)
  return Buffer.concat([padding, scalar]).toString('base64url')
}

/** RFC 8017, section 3.2: n = pq, and d and qi are inverses. OpenSSL checks none of it. */
function rsaPrivateFields(reader: SshReader): JsonWebKey {
  const modulus = reader.mpint()
  const publicFields = rsaFields(modulus, reader.mpint())
  const members = [reader.mpint(), reader.mpint(), reader.mpint(), reader.mpint()]
  if (members.some((member) => member.length > modulus.length)) throw mismatch()
  const [d = 0n, qi = 0n, p = 0n, q = 0n] = members.map(toBigInt)
  if (p * q !== toBigInt(modulus) || p === 1n || q === 1n) throw mismatch()

  const e = toBigInt(jwkBytes(publicFields.e))
  const [dp, dq] = [d % (p - 1n), d % (q - 1n)]
  if ((e * dp) % (p - 1n) !== 1n || (e * dq) % (q - 1n) !== 1n) throw mismatch()
  if (qi >= p || (qi * q) % p !== 1n) throw mismatch()
  return {
    ...publicFields,
    d: toBase64Url(d),
    p: toBase64Url(p),
    q: toBase64Url(q),
    dp: toBase64Url(dp),
    dq: toBase64Url(dq),
    qi: toBase64Url(qi),
  }
}

function toBigInt(magnitude: Buffer): bigint {
  return BigInt(`0x0${magnitude.toString('hex')}`)
}

function toBase64Url(value: bigint): string {
  const hex = value.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url')
}

function importKey(jwk: JsonWebKey): KeyObject {
  try {
    return createPrivateKey({ format: 'jwk', key: jwk })
  } catch (cause) {
    throw new SshFormatError('malformed', 'the private key is not a valid key', { cause })
  }
}

function mismatch(): SshFormatError {
  return new SshFormatError('mismatch', 'the halves of the private key do not belong together')
}
