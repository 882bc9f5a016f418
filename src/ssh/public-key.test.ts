import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { KEY_TYPES } from './key-type.ts'
import {
  encodePublicKeyLine,
  fingerprint,
  isSameKey,
  parsePublicKey,
  parsePublicKeyLine,
  publicKeyFrom,
  toKeyObject,
} from './public-key.ts'
import { KEYGEN_OPTIONS, keyOf } from './testing/keys.ts'
import { type OpenSsh, openSsh } from './testing/openssh.ts'
import { SshWriter } from './wire.ts'

let ssh: OpenSsh
before(async () => {
  ssh = await openSsh()
})
after(() => ssh.remove())

describe('public keys', () => {
  for (const type of KEY_TYPES) {
    it(`reads what ssh-keygen writes: ${type}`, async () => {
      await ssh.keygen('-q', ...KEYGEN_OPTIONS[type], '-N', '', '-C', 'a comment', '-f', type)
      const line = await ssh.readText(`${type}.pub`)
      const { key, comment } = parsePublicKeyLine(line)
      assert.equal(key.type, type)
      assert.equal(comment, 'a comment')
      assert.equal(`${encodePublicKeyLine(key, comment)}\n`, line)
      const listed = await ssh.keygen('-l', '-f', `${type}.pub`)
      assert.equal(listed.split(' ')[1], fingerprint(key))
      assert.ok(isSameKey(publicKeyFrom(toKeyObject(parsePublicKey(key.blob))), key))
    })

    it(`writes what ssh-keygen reads: ${type}`, async () => {
      const key = publicKeyFrom(keyOf(type))
      await ssh.write('ours.pub', encodePublicKeyLine(key))
      const listed = await ssh.keygen('-l', '-f', 'ours.pub')
      assert.equal(listed.split(' ')[1], fingerprint(key))
      assert.ok(toKeyObject(parsePublicKey(key.blob)).equals(toKeyObject(key)))
    })
  }

  it('is not changed by what happens to its input', () => {
    const bytes = Buffer.from(publicKeyFrom(keyOf('ssh-ed25519')).blob)
    const key = parsePublicKey(bytes)
    bytes.fill(0)
    assert.equal(toKeyObject(key).asymmetricKeyType, 'ed25519')
  })

  it('refuses keys of other kinds', () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
    const other = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey
    const x25519 = generateKeyPairSync('x25519').publicKey
    for (const key of [weak, other, x25519]) {
      assert.throws(() => publicKeyFrom(key), { code: 'unsupported' })
    }
    for (const type of ['ssh-dss', 'ssh-ed25519-cert-v01@openssh.com', 'x'.repeat(1000)]) {
      const blob = new SshWriter().string(type).string('').bytes()
      assert.throws(() => parsePublicKey(blob), { code: 'unsupported' })
    }
  })

  it('refuses RSA numbers that make no key', () => {
    const modulus = Buffer.alloc(256, 0xff)
    const rsa = (exponent: Buffer, n: Buffer) =>
      new SshWriter().string('ssh-rsa').mpint(exponent).mpint(n).bytes()
    assert.equal(parsePublicKey(rsa(Buffer.from([1, 0, 1]), modulus)).type, 'ssh-rsa')
    for (const exponent of ['', '01', '02', '010000', '010000000000000001']) {
      const blob = rsa(Buffer.from(exponent, 'hex'), modulus)
      assert.throws(() => parsePublicKey(blob), { code: 'malformed' }, exponent)
    }
    for (const n of [Buffer.alloc(2049, 0xff), Buffer.alloc(256, 0x7f), Buffer.alloc(0)]) {
      const blob = rsa(Buffer.from([1, 0, 1]), n)
      assert.throws(() => parsePublicKey(blob), { code: 'unsupported' })
    }
  })

  it('refuses points that are not on their curve, or compressed, or at infinity', () => {
    const { blob } = publicKeyFrom(keyOf('ecdsa-sha2-nistp256'))
    const point = blob.subarray(-65)
    const off = Buffer.from(point)
    off[64] = (off[64] ?? 0) ^ 1
    const compressed = Buffer.concat([Buffer.from([2]), point.subarray(1, 33)])
    for (const bad of [off, compressed, Buffer.alloc(1), Buffer.alloc(65), Buffer.alloc(0)]) {
      const writer = new SshWriter().string('ecdsa-sha2-nistp256').string('nistp256')
      assert.throws(() => parsePublicKey(writer.string(bad).bytes()), { code: 'malformed' })
    }
    const mixed = new SshWriter().string('ecdsa-sha2-nistp384').string('nistp256').string(point)
    assert.throws(() => parsePublicKey(mixed.bytes()), { code: 'malformed' })
  })
})

describe('lines with a key', () => {
  const key = publicKeyFrom(keyOf('ssh-ed25519'))
  const line = encodePublicKeyLine(key)

  it('hold a comment that no line can hide in', () => {
    for (const comment of ['a\nb', 'a\r', 'a\u2028b', ' a', 'a ', 'a\0', '\u00a0']) {
      assert.throws(() => encodePublicKeyLine(key, comment), { code: 'forbidden' })
    }
    assert.equal(parsePublicKeyLine(encodePublicKeyLine(key, 'Zoë  # 1')).comment, 'Zoë  # 1')
  })

  it('have one spelling', () => {
    const bad = [`${line}\n\n`, ` ${line}`, `${line} `, line.replace(' ', '  '), `${line}\r\n`]
    for (const text of [...bad, '', 'ssh-ed25519', `${line}\nssh-rsa AAAA`]) {
      assert.throws(() => parsePublicKeyLine(text), { code: 'malformed' }, JSON.stringify(text))
    }
    for (const text of [`${line}=`, line.replace('AAAA', 'AA=AA')]) {
      assert.throws(() => parsePublicKeyLine(text), { code: 'non-canonical' }, text)
    }
    assert.throws(() => parsePublicKeyLine(line.replace('ssh-ed25519', 'ssh-rsa')), {
      code: 'mismatch',
    })
  })
})
