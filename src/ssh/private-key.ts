import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { sha256 } from '../base/bytes.ts'
import { SshFormatError } from './errors.ts'
import { decodeBase64 } from './key-line.ts'
import { curveOf, type KeyType } from './key-type.ts'
import { encodePrivateFields, readPrivateFields } from './private-fields.ts'
import { parsePublicKey, publicKeyFrom, type SshPublicKey } from './public-key.ts'
import { SshReader, SshWriter } from './wire.ts'

/** An unencrypted OpenSSH private key file (OpenSSH's PROTOCOL.key). */
export interface SshPrivateKey {
  readonly privateKey: KeyObject
  readonly publicKey: SshPublicKey
  readonly comment: string
}

const MAGIC = Buffer.from('openssh-key-v1\0')
const BEGIN = '-----BEGIN OPENSSH PRIVATE KEY-----'
const END = '-----END OPENSSH PRIVATE KEY-----'
const BASE64_COLUMNS = 70
/** The block size of the cipher "none". */
const BLOCK_BYTES = 8
const RSA_BITS = 3072

/** Draws a new private key. RSA blocks the thread for up to seconds; the others for microseconds. */
export function generatePrivateKey(type: KeyType): KeyObject {
  const curve = curveOf(type)
  if (curve !== undefined) {
    return generateKeyPairSync('ec', { namedCurve: curve.opensslName }).privateKey
  }
  return type === 'ssh-rsa'
    ? generateKeyPairSync('rsa', { modulusLength: RSA_BITS }).privateKey
    : generateKeyPairSync('ed25519').privateKey
}

/**
 * The whole text of the file, newline at its end. The same key and comment give the same text.
 *
 * @throws SshFormatError `unsupported`; `forbidden` for a comment with a NUL
 */
export function encodePrivateKey(privateKey: KeyObject, comment = ''): string {
  if (comment.includes('\0')) {
    throw new SshFormatError('forbidden', 'the comment of a private key holds no NUL')
  }
  const { blob } = publicKeyFrom(privateKey)
  // OpenSSH draws the check number to see whether decryption worked. Nothing is encrypted here.
  const check = sha256(blob).readUInt32BE()
  const secret = new SshWriter(1024).uint32(check).uint32(check)
  encodePrivateFields(secret, privateKey)
  secret.string(comment)
  for (let pad = 1; secret.bytes().length % BLOCK_BYTES !== 0; pad++) secret.byte(pad)

  const writer = new SshWriter(2048).raw(MAGIC).string('none').string('none').string('')
  return armor(writer.uint32(1).string(blob).string(secret.bytes()).bytes())
}

/**
 * Reads what `encodePrivateKey` and `ssh-keygen` write, and proves that the halves belong together.
 *
 * @throws SshFormatError `unsupported` for encrypted files; `mismatch` when the public half is not
 *   that of the private one
 */
export function parsePrivateKey(text: string): SshPrivateKey {
  const reader = new SshReader(unarmor(text), 'private key')
  if (!reader.raw(MAGIC.length).equals(MAGIC)) {
    throw new SshFormatError('malformed', 'the private key is not in the format openssh-key-v1')
  }
  if (reader.text() !== 'none' || reader.text() !== 'none' || reader.string().length > 0) {
    throw new SshFormatError('unsupported', 'the private key is encrypted', {
      hint: "decrypt a copy of it: ssh-keygen -p -N '' -f FILE",
    })
  }
  if (reader.uint32() !== 1) {
    throw new SshFormatError('unsupported', 'the file does not hold exactly one private key')
  }
  const publicKey = parsePublicKey(reader.string())
  const secret = reader.nested()
  reader.end()

  const check = secret.uint32()
  if (secret.uint32() !== check) {
    throw new SshFormatError('malformed', 'the check numbers of the private key differ')
  }
  const privateKey = readPrivateFields(secret, publicKey)
  const comment = secret.text()
  checkPadding(secret)
  return { privateKey, publicKey, comment }
}

/** The bytes 1, 2, 3, … up to a whole block. */
function checkPadding(secret: SshReader): void {
  const used = secret.offset
  const padding = secret.rest()
  const size = (BLOCK_BYTES - (used % BLOCK_BYTES)) % BLOCK_BYTES
  if (padding.length !== size || padding.some((byte, index) => byte !== index + 1)) {
    throw new SshFormatError('non-canonical', 'the private key is padded in another way')
  }
}

function armor(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(new RegExp(`.{1,${BASE64_COLUMNS}}`, 'g')) ?? []
  return [BEGIN, ...lines, END, ''].join('\n')
}

function unarmor(text: string): Buffer {
  if (!text.startsWith(`${BEGIN}\n`) || !text.endsWith(`\n${END}\n`)) {
    throw new SshFormatError('malformed', 'the file is not an OpenSSH private key', {
      hint: 'rewrite a copy of it in that format: ssh-keygen -p -f FILE',
    })
  }
  const bytes = decodeBase64(text.slice(BEGIN.length, -END.length - 1).replaceAll('\n', ''))
  if (armor(bytes) !== text) {
    throw new SshFormatError('non-canonical', 'the lines of the private key are broken elsewhere')
  }
  return bytes
}
