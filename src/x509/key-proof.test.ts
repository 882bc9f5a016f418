import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { isKeyProven, proveKey } from './key-proof.ts'
import { spkiOfPrivateKey } from './public-key.ts'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const spki = spkiOfPrivateKey(privateKey)
const SSH = Buffer.from('an SSH key')

describe('the proof of an identity key', () => {
  it('is its signature over both keys, as openssl finds', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'mezite-proof-'))
    const write = (name: string, content: string | Buffer) =>
      writeFile(join(directory, name), content)
    await write('key.pem', publicKey.export({ format: 'pem', type: 'spki' }))
    await write('statement', Buffer.concat([Buffer.from('mezite key proof v1\0'), spki, SSH]))
    await write('proof', proveKey(privateKey, SSH))
    const args = ['dgst', '-sha256', '-verify', 'key.pem', '-signature', 'proof', 'statement']
    const { stdout } = spawnSync('openssl', args, { cwd: directory, encoding: 'utf8' })
    await rm(directory, { recursive: true })
    assert.equal(stdout, 'Verified OK\n')
  })

  it('holds for these keys alone', () => {
    const proof = proveKey(privateKey, SSH)
    assert.ok(isKeyProven(spki, SSH, proof))
    assert.ok(!isKeyProven(spki, Buffer.from('another'), proof))
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    assert.ok(!isKeyProven(spkiOfPrivateKey(other), SSH, proof))
    assert.ok(!isKeyProven(spki, SSH, proveKey(other, SSH)))
  })

  it('is no other bytes', () => {
    const proof = proveKey(privateKey, SSH)
    const others = [
      Buffer.alloc(0),
      Buffer.alloc(100_000),
      Buffer.concat([proof, Buffer.alloc(1)]),
      proof.subarray(1),
      Buffer.from('hello'),
    ]
    for (const each of others) assert.ok(!isKeyProven(spki, SSH, each))
  })

  it('is of no key off the curve', () => {
    const off = Buffer.concat([spki.subarray(0, -1), Buffer.of((spki.at(-1) ?? 0) ^ 1)])
    assert.throws(() => isKeyProven(off, SSH, proveKey(privateKey, SSH)), {
      code: 'unsupported-key',
    })
  })
})
