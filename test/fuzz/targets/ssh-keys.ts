import assert from 'node:assert/strict'
import { SshFormatError } from '../../../src/ssh/errors.ts'
import { KEY_TYPES } from '../../../src/ssh/key-type.ts'
import { encodePrivateKey, parsePrivateKey } from '../../../src/ssh/private-key.ts'
import {
  encodePublicKeyLine,
  fingerprint,
  parsePublicKey,
  parsePublicKeyLine,
  publicKeyFrom,
  toKeyObject,
} from '../../../src/ssh/public-key.ts'
import { createSshSigner, encodeSignature, parseSignature } from '../../../src/ssh/signature.ts'
import { KEYGEN_OPTIONS, keyOf } from '../../../src/ssh/testing/keys.ts'
import { openSsh } from '../../../src/ssh/testing/openssh.ts'
import { BYTE_MUTATIONS, TEXT_MUTATIONS } from '../engine/mutate.ts'
import { type FuzzTarget, textOf, unlessRefused } from '../engine/target.ts'
import { sshMutation } from '../engine/tree.ts'

const IN_STRINGS = [...BYTE_MUTATIONS, ...BYTE_MUTATIONS.map(sshMutation)]
const WORDS = [
  ...KEY_TYPES,
  'nistp256',
  'nistp384',
  'nistp521',
  'none',
  'rsa-sha2-512',
  Buffer.of(0, 0, 0, 32),
]

export const publicKey: FuzzTarget = {
  name: 'ssh-public-key',
  largest: 4_096,
  words: WORDS,
  mutations: IN_STRINGS,
  seeds: async () => KEY_TYPES.map((type) => publicKeyFrom(keyOf(type)).blob),
  run(input) {
    const key = unlessRefused(() => parsePublicKey(input), SshFormatError)
    if (key === undefined) return 'refused'
    assert.deepEqual(key.blob, input)
    // One key has one blob: what node:crypto makes of it is written back the same.
    assert.deepEqual(publicKeyFrom(toKeyObject(key)).blob, input)
    assert.match(fingerprint(key), /^SHA256:[A-Za-z0-9+/]{43}$/)
    return 'accepted'
  },
}

export const keyLine: FuzzTarget = {
  name: 'ssh-key-line',
  largest: 16_384,
  words: WORDS,
  mutations: TEXT_MUTATIONS,
  seeds: async () => [
    ...KEY_TYPES.map((type) => Buffer.from(encodePublicKeyLine(publicKeyFrom(keyOf(type)), 'a b'))),
    ...(await filesOf('.pub')),
  ],
  run(input) {
    const line = textOf(input)
    const read = unlessRefused(() => parsePublicKeyLine(line), SshFormatError)
    if (read === undefined) return 'refused'
    assert.equal(encodePublicKeyLine(read.key, read.comment), line.replace(/\n$/, ''))
    return 'accepted'
  },
}

const ARMOR = 'OPENSSH PRIVATE KEY-----'

/** A file, or what stands in one. */
export const privateKey: FuzzTarget = {
  name: 'ssh-private-key',
  largest: 4_096,
  words: [
    ...WORDS,
    `-----BEGIN ${ARMOR}\n`,
    `-----END ${ARMOR}\n`,
    'openssh-key-v1\0',
    Buffer.of(1, 2, 3),
  ],
  mutations: IN_STRINGS,
  seeds: async () => {
    const types = KEY_TYPES.filter((type) => type !== 'ssh-rsa')
    const own = types.map((type) => Buffer.from(encodePrivateKey(keyOf(type), 'c')))
    const files = [...own, ...(await filesOf(''))]
    return [...own.slice(0, 1), ...files.map((file) => unarmored(file.toString()))]
  },
  run(input) {
    const isFile = input.subarray(0, 5).toString() === '-----'
    const text = isFile ? textOf(input) : armored(input)
    const read = unlessRefused(() => parsePrivateKey(text), SshFormatError)
    if (read === undefined) return 'refused'
    assert.deepEqual(publicKeyFrom(read.privateKey).blob, read.publicKey.blob)
    const again = parsePrivateKey(encodePrivateKey(read.privateKey, read.comment))
    assert.ok(again.privateKey.equals(read.privateKey))
    assert.equal(again.comment, read.comment)
    return 'accepted'
  },
}

/** The first byte chooses the type of the key. */
export const signature: FuzzTarget = {
  name: 'ssh-signature',
  largest: 2_048,
  words: WORDS,
  mutations: IN_STRINGS,
  seeds: async () =>
    KEY_TYPES.map((type, index) =>
      Buffer.concat([Buffer.of(index), createSshSigner(keyOf(type)).sign(Buffer.from('signed'))]),
    ),
  run(input) {
    const type = KEY_TYPES[(input[0] ?? 0) % KEY_TYPES.length] ?? 'ssh-ed25519'
    const blob = input.subarray(1)
    const read = unlessRefused(() => parseSignature(blob, type), SshFormatError)
    if (read === undefined) return 'refused'
    assert.deepEqual(encodeSignature(read), blob)
    return 'accepted'
  },
}

/** What ssh-keygen writes: the private keys (suffix ''), or the public ones. */
async function filesOf(suffix: '' | '.pub'): Promise<readonly Buffer[]> {
  const tools = await openSsh()
  const files: Buffer[] = []
  for (const type of KEY_TYPES) {
    await tools.keygen('-q', ...KEYGEN_OPTIONS[type], '-N', '', '-C', 'me', '-f', tools.path(type))
    files.push(await tools.read(`${type}${suffix}`))
  }
  await tools.remove()
  return files
}

function unarmored(file: string): Buffer {
  return Buffer.from(file.split('\n').slice(1, -2).join(''), 'base64')
}

function armored(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,70}/g) ?? []
  return [`-----BEGIN ${ARMOR}`, ...lines, `-----END ${ARMOR}`, ''].join('\n')
}
