/**
 * Signatures over messages, in the format of `ssh-keygen -Y sign` (OpenSSH's PROTOCOL.sshsig). The
 * namespace says what is signed, so that a signature made for one thing is good for no other.
 */
import { hash } from 'node:crypto'
import { quoted, SshFormatError } from './errors.ts'
import { parsePublicKey, type SshPublicKey } from './public-key.ts'
import { type SshSigner, verifySignature } from './signature.ts'
import { SshReader, SshWriter } from './wire.ts'

const MAGIC = Buffer.from('SSHSIG')
const VERSION = 1
/** OpenSSH's own choice; the other that it knows, SHA-256, is never written or accepted. */
const DIGEST = 'sha512'

const BEGIN = '-----BEGIN SSH SIGNATURE-----'
const END = '-----END SSH SIGNATURE-----'
const LINE = 70

/** Returns the signature's blob, which holds the signer's public key. */
export function signMessage(
  signer: SshSigner,
  namespace: string,
  message: string | Uint8Array,
): Buffer {
  return new SshWriter()
    .raw(MAGIC)
    .uint32(VERSION)
    .string(signer.publicKey.blob)
    .string(namespace)
    .string('')
    .string(DIGEST)
    .string(signer.sign(signedData(namespace, message)))
    .bytes()
}

/**
 * Returns the key that made the signature: whether it is one to be trusted is for the caller to say.
 *
 * @throws SshFormatError `bad-signature`; `mismatch` for another namespace; and what parsers throw
 */
export function verifyMessage(
  blob: Uint8Array,
  namespace: string,
  message: string | Uint8Array,
): SshPublicKey {
  const reader = new SshReader(blob, 'signature')
  if (!reader.raw(MAGIC.length).equals(MAGIC)) {
    throw new SshFormatError('malformed', 'this is not a signature of a message')
  }
  const version = reader.uint32()
  if (version !== VERSION) {
    throw new SshFormatError('unsupported', `the signature has version ${version}`)
  }
  const key = parsePublicKey(reader.string())
  const found = reader.text()
  if (found !== namespace) {
    const message = `the signature is for ${quoted(found)}, not for ${quoted(namespace)}`
    throw new SshFormatError('mismatch', message)
  }
  if (reader.text() !== '' || reader.text() !== DIGEST) {
    throw new SshFormatError('unsupported', `the signature is not over ${DIGEST}`)
  }
  const signature = reader.string()
  reader.end()
  verifySignature(key, signedData(namespace, message), signature)
  return key
}

function signedData(namespace: string, message: string | Uint8Array): Buffer {
  return new SshWriter()
    .raw(MAGIC)
    .string(namespace)
    .string('')
    .string(DIGEST)
    .string(hash(DIGEST, message, 'buffer'))
    .bytes()
}

/** The lines that `ssh-keygen -Y verify` reads, with a newline at their end. */
export function encodeSignatureArmor(blob: Uint8Array): string {
  const base64 = Buffer.from(blob).toString('base64')
  const lines = base64.match(new RegExp(`.{1,${LINE}}`, 'g')) ?? []
  return `${[BEGIN, ...lines, END].join('\n')}\n`
}

/** @throws SshFormatError `malformed`, `non-canonical`: for anything but what `encode…` writes */
export function parseSignatureArmor(text: string): Buffer {
  if (!text.startsWith(BEGIN)) {
    throw new SshFormatError('malformed', 'this is not an armored SSH signature')
  }
  const blob = Buffer.from(text.slice(BEGIN.length, -END.length - 1), 'base64')
  if (encodeSignatureArmor(blob) === text) return blob
  throw new SshFormatError('non-canonical', 'the SSH signature is written in an unusual way')
}
