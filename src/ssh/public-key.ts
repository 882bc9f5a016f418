import { createPublicKey, ECDH, type JsonWebKey, type KeyObject } from 'node:crypto'
import { sha256 } from '../base/bytes.ts'
import { quoted, SshFormatError } from './errors.ts'
import { encodeKeyLine, parseKeyLine } from './key-line.ts'
import { curveOf, curveOfOpenssl, isKeyType, type KeyType } from './key-type.ts'
import { SshReader, SshWriter } from './wire.ts'

/** A public key in its one wire form (RFC 4253, section 6.6; RFC 5656; RFC 8709). */
export interface SshPublicKey {
  readonly type: KeyType
  readonly blob: Buffer
}

/** OpenSSH refuses to handle larger numbers; below 2048 bits it refuses the key. */
const RSA_BITS = { least: 2048, most: 16_384 }

/** Importing a key costs as much as a signature, so each key object is imported once. */
const keyObjects = new WeakMap<SshPublicKey, KeyObject>()

/** @throws SshFormatError for anything but one valid key of a supported type */
export function parsePublicKey(blob: Uint8Array): SshPublicKey {
  const copy = Buffer.from(blob)
  return { type: readPublicKey(copy).type, blob: copy }
}

function readPublicKey(blob: Buffer): { readonly type: KeyType; readonly jwk: JsonWebKey } {
  const reader = new SshReader(blob, 'public key')
  const type = reader.text()
  if (!isKeyType(type)) throw unsupportedType(type)
  const jwk = readKeyFields(reader, type)
  reader.end()
  return { type, jwk }
}

/**
 * Reads what follows the type in a key, and follows the nonce in a certificate.
 *
 * @throws SshFormatError `unsupported` for RSA sizes; `malformed`, also for a point off its curve
 */
export function readKeyFields(reader: SshReader, type: KeyType): JsonWebKey {
  if (type === 'ssh-rsa') {
    const exponent = reader.mpint()
    return rsaFields(reader.mpint(), exponent)
  }
  const curve = curveOf(type)
  if (curve === undefined) {
    const key = reader.string()
    if (key.length !== 32) throw malformed('an Ed25519 key is 32 bytes')
    return { kty: 'OKP', crv: 'Ed25519', x: key.toString('base64url') }
  }
  if (reader.text() !== curve.identifier) throw malformed(`${type} names another curve`)
  const point = reader.string()
  if (point.length !== 1 + 2 * curve.bytes || point[0] !== 0x04) {
    throw malformed('an elliptic curve point is uncompressed, and as long as its curve says')
  }
  try {
    ECDH.convertKey(point, curve.opensslName)
  } catch (cause) {
    throw new SshFormatError('malformed', 'the point is not on its curve', { cause })
  }
  return {
    kty: 'EC',
    crv: curve.jwkName,
    x: point.toString('base64url', 1, 1 + curve.bytes),
    y: point.toString('base64url', 1 + curve.bytes),
  }
}

/** Checks an RSA public key given as magnitudes. */
export function rsaFields(modulus: Buffer, exponent: Buffer): JsonWebKey {
  const bits = 8 * modulus.length - Math.clz32(modulus[0] ?? 0) + 24
  if (bits < RSA_BITS.least || bits > RSA_BITS.most) {
    throw new SshFormatError('unsupported', `RSA keys of ${bits} bits are not accepted`, {
      hint: `use ${RSA_BITS.least} to ${RSA_BITS.most} bits, or Ed25519`,
    })
  }
  const odd = ((modulus.at(-1) ?? 0) & (exponent.at(-1) ?? 0) & 1) === 1
  if (!odd || exponent.length > 8 || (exponent.length === 1 && exponent[0] === 1)) {
    throw malformed('this is not an RSA modulus with a public exponent')
  }
  return { kty: 'RSA', n: modulus.toString('base64url'), e: exponent.toString('base64url') }
}

/**
 * The public half of a private key, or a public key as it is.
 *
 * @throws SshFormatError `unsupported`
 */
export function publicKeyFrom(keyObject: KeyObject): SshPublicKey {
  if (keyObject.type === 'secret') throw unsupportedType('secret')
  const publicObject = keyObject.type === 'private' ? createPublicKey(keyObject) : keyObject
  const type = keyTypeOf(publicObject)
  const jwk = publicObject.export({ format: 'jwk' })
  const writer = new SshWriter().string(type)
  const curve = curveOf(type)
  if (curve !== undefined) {
    writer
      .string(curve.identifier)
      .uint32(1 + 2 * curve.bytes)
      .byte(0x04)
    writer.raw(jwkBytes(jwk.x)).raw(jwkBytes(jwk.y))
  } else if (type === 'ssh-rsa') {
    rsaFields(jwkBytes(jwk.n), jwkBytes(jwk.e))
    writer.mpint(jwkBytes(jwk.e)).mpint(jwkBytes(jwk.n))
  } else {
    writer.string(jwkBytes(jwk.x))
  }
  const key = { type, blob: writer.bytes() }
  keyObjects.set(key, publicObject)
  return key
}

/** The SSH type of a public or private key object. */
export function keyTypeOf(keyObject: KeyObject): KeyType {
  const { asymmetricKeyType } = keyObject
  if (asymmetricKeyType === 'ed25519') return 'ssh-ed25519'
  if (asymmetricKeyType === 'rsa') return 'ssh-rsa'
  if (asymmetricKeyType !== 'ec') throw unsupportedType(asymmetricKeyType ?? keyObject.type)
  const { namedCurve = 'unnamed' } = keyObject.asymmetricKeyDetails ?? {}
  const curve = curveOfOpenssl(namedCurve)
  if (curve === undefined) throw unsupportedType(namedCurve)
  return curve.keyType
}

/** The key for `node:crypto`; imported at the first call, then remembered. */
export function toKeyObject(key: SshPublicKey): KeyObject {
  const known = keyObjects.get(key)
  if (known !== undefined) return known
  const keyObject = createPublicKey({ format: 'jwk', key: readPublicKey(key.blob).jwk })
  keyObjects.set(key, keyObject)
  return keyObject
}

/** `SHA256:` and unpadded base64, as `ssh-keygen -l` prints it. */
export function fingerprint(key: SshPublicKey): string {
  return `SHA256:${sha256(key.blob).toString('base64').replace(/=+$/, '')}`
}

export function isSameKey(a: SshPublicKey, b: SshPublicKey): boolean {
  return a.blob.equals(b.blob)
}

/** `type base64 comment`, without a newline. */
export function encodePublicKeyLine(key: SshPublicKey, comment = ''): string {
  return encodeKeyLine({ type: key.type, blob: key.blob, comment })
}

/** @throws SshFormatError also `mismatch`, when the line names another type than the key */
export function parsePublicKeyLine(line: string): {
  readonly key: SshPublicKey
  readonly comment: string
} {
  const { type, blob, comment } = parseKeyLine(line)
  const key = parsePublicKey(blob)
  if (key.type !== type) {
    throw new SshFormatError('mismatch', `the line says ${quoted(type)}, its key is ${key.type}`)
  }
  return { key, comment }
}

/** The bytes of one member of a JSON Web Key. */
export function jwkBytes(member: string | undefined): Buffer {
  return Buffer.from(member ?? '', 'base64url')
}

function unsupportedType(type: string): SshFormatError {
  return new SshFormatError('unsupported', `keys of type ${quoted(type)} are not accepted`, {
    hint: 'use ssh-ed25519, ecdsa-sha2-nistp256, -nistp384 or -nistp521, or ssh-rsa',
  })
}

function malformed(message: string): SshFormatError {
  return new SshFormatError('malformed', message)
}
