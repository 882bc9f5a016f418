import assert from 'node:assert/strict'
import { createHash, sign } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { KEY_TYPES } from './key-type.ts'
import { encodePrivateKey } from './private-key.ts'
import { encodePublicKeyLine, publicKeyFrom } from './public-key.ts'
import { createSshSigner, parseSignature, verifySignature } from './signature.ts'
import { keyOf } from './testing/keys.ts'
import { type OpenSsh, openSsh } from './testing/openssh.ts'
import { SshReader, SshWriter } from './wire.ts'

const data = Buffer.from('what was signed')

describe('signatures', () => {
  for (const type of KEY_TYPES) {
    it(`verify for their key and their data alone: ${type}`, () => {
      const signer = createSshSigner(keyOf(type))
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
          const signature = signer.sign(bytes)
          verifySignature(signer.publicKey, bytes, signature)
          const other = Buffer.concat([bytes, Buffer.of(0)])
          assert.throws(() => verifySignature(signer.publicKey, other, signature), {
            code: 'bad-signature',
          })
        }),
        { numRuns: type === 'ssh-rsa' ? 5 : 100 },
      )
    })
  }

  it('are RSA with SHA-512, or SHA-256 when asked', () => {
    const algorithmOf = (blob: Uint8Array) => new SshReader(blob, 'signature').text()
    const key = keyOf('ssh-rsa')
    assert.equal(algorithmOf(createSshSigner(key).sign(data)), 'rsa-sha2-512')
    const sha256 = createSshSigner(key, 'rsa-sha2-256')
    assert.equal(algorithmOf(sha256.sign(data)), 'rsa-sha2-256')
    verifySignature(sha256.publicKey, data, sha256.sign(data))
  })

  it('are never RSA with SHA-1', () => {
    const key = keyOf('ssh-rsa')
    const blob = new SshWriter()
      .string('ssh-rsa')
      .string(sign('sha1', data, key))
      .bytes()
    assert.throws(() => verifySignature(publicKeyFrom(key), data, blob), { code: 'unsupported' })
  })

  it('are not read as those of another type of key', () => {
    const signature = createSshSigner(keyOf('ssh-ed25519')).sign(data)
    for (const type of KEY_TYPES.slice(1)) {
      assert.throws(() => parseSignature(signature, type), { code: 'mismatch' }, type)
    }
    const unknown = new SshWriter().string('none').string('').bytes()
    assert.throws(() => parseSignature(unknown, 'ssh-ed25519'), { code: 'mismatch' })
  })

  it('have the length that their key asks for', () => {
    const short = new SshWriter().string('ssh-ed25519').string(Buffer.alloc(63)).bytes()
    assert.throws(() => parseSignature(short, 'ssh-ed25519'), { code: 'malformed' })
    const pairs = [
      [0, 32],
      [32, 0],
      [33, 32],
    ] as const
    for (const [r, s] of pairs) {
      const writer = new SshWriter().string('ecdsa-sha2-nistp256')
      writer.nested(() => writer.mpint(Buffer.alloc(r, 1)).mpint(Buffer.alloc(s, 1)))
      const blob = writer.bytes()
      assert.throws(() => parseSignature(blob, 'ecdsa-sha2-nistp256'), { code: 'malformed' })
    }
  })
})

describe('signatures of ssh-keygen (PROTOCOL.sshsig)', () => {
  let ssh: OpenSsh
  before(async () => {
    ssh = await openSsh()
  })
  after(() => ssh.remove())

  for (const type of KEY_TYPES) {
    it(`verify here: ${type}`, async () => {
      const signer = createSshSigner(keyOf(type))
      await ssh.write('key', encodePrivateKey(keyOf(type)))
      await ssh.write('key.pub', encodePublicKeyLine(signer.publicKey))
      await ssh.write(type, data)
      await ssh.keygen('-q', '-Y', 'sign', '-n', 'test', '-O', 'hashalg=sha256', '-f', 'key', type)
      const lines = (await ssh.readText(`${type}.sig`)).trimEnd().split('\n').slice(1, -1)
      const reader = new SshReader(Buffer.from(lines.join(''), 'base64'), 'sshsig')
      assert.equal(reader.raw(6).toString(), 'SSHSIG')
      assert.equal(reader.uint32(), 1)
      assert.deepEqual(reader.string(), signer.publicKey.blob)
      const [namespace, reserved, hash] = [reader.string(), reader.string(), reader.text()]
      const signature = reader.string()
      const digest = createHash(hash).update(data).digest()
      const signed = new SshWriter().raw(Buffer.from('SSHSIG')).string(namespace)
      signed.string(reserved).string(hash).string(digest)
      verifySignature(signer.publicKey, signed.bytes(), signature)
    })
  }
})
