import { createPublicKey, type KeyObject, type SignKeyObjectInput, sign, verify } from 'node:crypto'
import { quoted, SshFormatError } from './errors.ts'
import { curveOf, type KeyType } from './key-type.ts'
import { keyTypeOf, publicKeyFrom, type SshPublicKey, toKeyObject } from './public-key.ts'
import { SshReader, SshWriter } from './wire.ts'

/** RFC 8332: an `ssh-rsa` key signs with SHA-2 only. The SHA-1 algorithm is never accepted. */
export type RsaSignatureAlgorithm = 'rsa-sha2-256' | 'rsa-sha2-512'

export type SignatureAlgorithm = Exclude<KeyType, 'ssh-rsa'> | RsaSignatureAlgorithm

/** A private key, wherever it lives. */
export interface SshSigner {
  readonly publicKey: SshPublicKey
  /** Returns a signature blob: its algorithm and its value, as in RFC 4253, section 6.6. */
  sign(data: Uint8Array): Uint8Array
}

/** A signature in the form of `node:crypto`: for ECDSA, r and s in the width of their curve. */
export interface SshSignature {
  readonly algorithm: SignatureAlgorithm
  readonly value: Buffer
}

/** @throws SshFormatError `unsupported` for key types and sizes that are not accepted */
export function createSshSigner(
  privateKey: KeyObject,
  rsaAlgorithm: RsaSignatureAlgorithm = 'rsa-sha2-512',
): SshSigner {
  const type = keyTypeOf(privateKey)
  const publicKey = publicKeyFrom(createPublicKey(privateKey))
  const algorithm = type === 'ssh-rsa' ? rsaAlgorithm : type
  const digest = digestOf(algorithm)
  const key = cryptoKey(privateKey)
  return {
    publicKey,
    sign: (data) => encodeSignature({ algorithm, value: sign(digest, data, key) }),
  }
}

/** ECDSA values become two mpints (RFC 5656, section 3.1.2); the others stay as they are. */
export function encodeSignature({ algorithm, value }: SshSignature): Buffer {
  const writer = new SshWriter().string(algorithm)
  if (!algorithm.startsWith('ecdsa-')) return writer.string(value).bytes()
  const middle = value.length / 2
  return writer
    .nested(() => writer.mpint(value.subarray(0, middle)).mpint(value.subarray(middle)))
    .bytes()
}

/**
 * Reads a signature blob that a key of `type` could have made.
 *
 * @throws SshFormatError `unsupported` for SHA-1; `mismatch` for another type's algorithm
 */
export function parseSignature(blob: Uint8Array, type: KeyType): SshSignature {
  const reader = new SshReader(blob, 'signature')
  const algorithm = acceptAlgorithm(reader.text(), type)
  const body = reader.nested()
  reader.end()
  const curve = curveOf(type)
  if (curve !== undefined) {
    const value = Buffer.alloc(2 * curve.bytes)
    for (const end of [curve.bytes, 2 * curve.bytes]) {
      const half = body.mpint()
      if (half.length === 0 || half.length > curve.bytes) throw wrongLength()
      value.set(half, end - half.length)
    }
    body.end()
    return { algorithm, value }
  }
  const value = body.rest()
  if (type === 'ssh-ed25519' && value.length !== 64) throw wrongLength()
  return { algorithm, value }
}

/** @throws SshFormatError `bad-signature`, and all of `parseSignature` */
export function verifySignature(key: SshPublicKey, data: Uint8Array, signature: Uint8Array): void {
  const { algorithm, value } = parseSignature(signature, key.type)
  if (!verify(digestOf(algorithm), data, cryptoKey(toKeyObject(key)), value)) {
    throw new SshFormatError('bad-signature', `the ${algorithm} signature does not verify`)
  }
}

function acceptAlgorithm(name: string, type: KeyType): SignatureAlgorithm {
  if (name === 'ssh-rsa') {
    throw new SshFormatError('unsupported', 'RSA signatures with SHA-1 are not accepted', {
      hint: 'sign with rsa-sha2-512: ssh-keygen -t rsa-sha2-512 -s CA …',
    })
  }
  if (type === 'ssh-rsa') {
    if (name === 'rsa-sha2-256' || name === 'rsa-sha2-512') return name
  } else if (name === type) {
    return type
  }
  throw new SshFormatError('mismatch', `${quoted(name)} is not a signature of a key of ${type}`)
}

/** ECDSA values in fixed width. A bare key object costs `node:crypto` less, so it stays one. */
function cryptoKey(key: KeyObject): KeyObject | SignKeyObjectInput {
  return key.asymmetricKeyType === 'ec' ? { key, dsaEncoding: 'ieee-p1363' } : key
}

/** Ed25519 hashes by itself. */
function digestOf(algorithm: SignatureAlgorithm): string | null {
  if (algorithm === 'rsa-sha2-256') return 'sha256'
  if (algorithm === 'rsa-sha2-512') return 'sha512'
  return curveOf(algorithm)?.digest ?? null
}

function wrongLength(): SshFormatError {
  return new SshFormatError('malformed', 'the signature has the wrong length for its key')
}
