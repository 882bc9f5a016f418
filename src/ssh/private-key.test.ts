import assert from 'node:assert/strict'
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { curveOf, KEY_TYPES, type KeyType } from './key-type.ts'
import { encodePrivateKey, generatePrivateKey, parsePrivateKey } from './private-key.ts'
import { encodePublicKeyLine, isSameKey, publicKeyFrom } from './public-key.ts'
import { KEYGEN_OPTIONS, keyOf } from './testing/keys.ts'
import { type OpenSsh, openSsh } from './testing/openssh.ts'

let ssh: OpenSsh
before(async () => {
  ssh = await openSsh()
})
after(() => ssh.remove())

/** Replaces a private number of a key file by that of another key. */
function withSecretOf(text: string, from: KeyObject, to: KeyObject, member: 'd' | 'qi'): string {
  const [old, other] = [from, to].map((key) =>
    Buffer.from(key.export({ format: 'jwk' })[member] ?? '', 'base64url'),
  )
  assert.ok(old && other && old.length === other.length)
  const lines = text.trimEnd().split('\n')
  const bytes = Buffer.from(lines.slice(1, -1).join(''), 'base64')
  const at = bytes.indexOf(old)
  assert.ok(at > 0)
  other.copy(bytes, at)
  const body = bytes.toString('base64').match(/.{1,70}/g) ?? []
  return [lines[0], ...body, lines.at(-1), ''].join('\n')
}

/** Two keys whose private numbers can be exchanged in a file: equal in length, none padded. */
function twoKeys(type: KeyType): readonly [KeyObject, KeyObject] {
  const top = (key: KeyObject) =>
    Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url').readUInt8()
  const draw = (): KeyObject => {
    for (;;) {
      const key = generatePrivateKey(type)
      if (type === 'ssh-ed25519' || (top(key) > 0 && top(key) < 0x80)) return key
    }
  }
  return [draw(), draw()]
}

describe('private key files', () => {
  for (const type of KEY_TYPES) {
    it(`reads what ssh-keygen writes: ${type}`, async () => {
      await ssh.keygen('-q', ...KEYGEN_OPTIONS[type], '-N', '', '-C', 'Zoë', '-f', type)
      const { privateKey, publicKey, comment } = parsePrivateKey(await ssh.readText(type))
      const line = `${encodePublicKeyLine(publicKey, comment)}\n`
      assert.equal(line, await ssh.readText(`${type}.pub`))
      assert.ok(isSameKey(publicKeyFrom(privateKey), publicKey))
    })

    it(`writes what ssh-keygen reads: ${type}`, async () => {
      const key = keyOf(type)
      const text = encodePrivateKey(key, 'bot')
      await ssh.write(`${type}-ours`, text)
      const line = await ssh.keygen('-y', '-f', `${type}-ours`)
      assert.equal(line, `${encodePublicKeyLine(publicKeyFrom(key), 'bot')}\n`)
      // ssh-keygen proves here that it can sign with it.
      await ssh.write(`${type}-data`, 'data')
      await ssh.keygen('-q', '-Y', 'sign', '-n', 'test', '-f', `${type}-ours`, `${type}-data`)
      assert.ok(parsePrivateKey(text).privateKey.equals(key))
      assert.equal(encodePrivateKey(key, 'bot'), text)
    })
  }

  it('survive keys whose numbers begin with zeros', () => {
    for (let round = 0; round < 1500; round++) {
      const key = generatePrivateKey('ecdsa-sha2-nistp256')
      assert.ok(parsePrivateKey(encodePrivateKey(key)).privateKey.equals(key))
    }
  })

  it('keep their padding right for every length of comment', () => {
    const key = keyOf('ssh-ed25519')
    for (let length = 0; length < 17; length++) {
      const comment = 'c'.repeat(length)
      assert.equal(parsePrivateKey(encodePrivateKey(key, comment)).comment, comment)
    }
  })

  it('refuse other padding', () => {
    const file = encodePrivateKey(keyOf('ssh-ed25519'), 'abcd')
    const bytes = Buffer.from(file.split('\n').slice(1, -2).join(''), 'base64')
    const secretAt = bytes.length - 136
    assert.equal(bytes.readUInt32BE(secretAt - 4), 136)
    assert.equal(bytes.at(-1), 1)
    for (const padding of [[], [2], [1, 2, 3, 4, 5, 6, 7, 8, 9]]) {
      const other = Buffer.concat([bytes.subarray(0, -1), Buffer.from(padding)])
      other.writeUInt32BE(other.length - secretAt, secretAt - 4)
      const body = other.toString('base64').match(/.{1,70}/g) ?? []
      const text = [file.split('\n')[0], ...body, file.split('\n').at(-2), ''].join('\n')
      assert.throws(() => parsePrivateKey(text), { code: 'non-canonical' }, String(padding))
    }
  })

  it('refuses a private half that belongs to another public half', () => {
    for (const type of ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp521'] as const) {
      const [key, other] = twoKeys(type)
      const text = withSecretOf(encodePrivateKey(key), key, other, 'd')
      assert.throws(() => parsePrivateKey(text), { code: 'mismatch' }, type)
    }
  })

  it('refuses RSA numbers that do not fit one another', () => {
    const key = keyOf('ssh-rsa')
    const jwk = key.export({ format: 'jwk' })
    for (const member of ['d', 'qi'] as const) {
      const bytes = Buffer.from(jwk[member] ?? '', 'base64url')
      bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 0x10
      const spoiled = { ...jwk, [member]: bytes.toString('base64url') }
      const other = createPrivateKey({ format: 'jwk', key: spoiled })
      const text = withSecretOf(encodePrivateKey(key), key, other, member)
      assert.throws(() => parsePrivateKey(text), { code: 'mismatch' }, member)
    }
  })

  it('refuses encrypted files and says what to do', async () => {
    await ssh.keygen('-q', '-t', 'ed25519', '-N', 'secret', '-f', 'encrypted')
    const text = await ssh.readText('encrypted')
    assert.throws(() => parsePrivateKey(text), { code: 'unsupported', hint: /ssh-keygen -p/ })
  })

  it('refuses other formats and other line breaks', () => {
    const key = keyOf('ssh-ed25519')
    const text = encodePrivateKey(key)
    const pkcs8 = key.export({ format: 'pem', type: 'pkcs8' }).toString()
    for (const bad of [pkcs8, '', text.trimEnd(), `\n${text}`, text.replaceAll('\n', '\r\n')]) {
      assert.throws(() => parsePrivateKey(bad), { code: 'malformed' })
    }
    const broken = text.replace(/\n(.{10})/, '\n$1\n')
    assert.throws(() => parsePrivateKey(broken), { code: 'non-canonical' })
  })

  it('draws keys of every type', () => {
    for (const type of KEY_TYPES) {
      assert.equal(publicKeyFrom(keyOf(type)).type, type)
      assert.equal(curveOf(type) === undefined, !type.startsWith('ecdsa'))
    }
  })
})
