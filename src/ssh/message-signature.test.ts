import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { KEY_TYPES } from './key-type.ts'
import {
  encodeSignatureArmor,
  parseSignatureArmor,
  signMessage,
  verifyMessage,
} from './message-signature.ts'
import { encodePrivateKey } from './private-key.ts'
import { encodePublicKeyLine, isSameKey } from './public-key.ts'
import { createSshSigner } from './signature.ts'
import { keyOf } from './testing/keys.ts'
import { type OpenSsh, openSsh } from './testing/openssh.ts'

const MESSAGE = 'what was signed\n'

describe('signatures over messages', () => {
  const signer = createSshSigner(keyOf('ssh-ed25519'))
  const blob = signMessage(signer, 'mezite-test', MESSAGE)

  let ssh: OpenSsh
  before(async () => {
    ssh = await openSsh()
  })
  after(() => ssh.remove())

  for (const type of KEY_TYPES) {
    it(`are what ssh-keygen verifies: ${type}`, async () => {
      const typed = createSshSigner(keyOf(type))
      const signature = signMessage(typed, 'mezite-test', MESSAGE)
      const file = await ssh.write('made.sig', encodeSignatureArmor(signature))
      const signers = await ssh.write('signers', `hub ${encodePublicKeyLine(typed.publicKey)}\n`)
      const verify = (namespace: string, input: string) => {
        const what = ['-n', namespace, '-s', file, '-f', signers, '-I', 'hub']
        return spawnSync('ssh-keygen', ['-Y', 'verify', ...what], { input }).status
      }
      assert.equal(verify('mezite-test', MESSAGE), 0)
      assert.notEqual(verify('other', MESSAGE), 0)
      assert.notEqual(verify('mezite-test', 'other'), 0)
    })

    it(`are read as ssh-keygen makes them: ${type}`, async () => {
      const key = await ssh.write(type, encodePrivateKey(keyOf(type)))
      const text = await ssh.write(`${type}.text`, MESSAGE)
      await ssh.keygen('-Y', 'sign', '-f', key, '-n', 'mezite-test', text)
      const armor = await ssh.readText(`${type}.text.sig`)
      const made = parseSignatureArmor(armor)
      const { publicKey } = createSshSigner(keyOf(type))
      assert.ok(isSameKey(verifyMessage(made, 'mezite-test', MESSAGE), publicKey))
      assert.equal(encodeSignatureArmor(made), armor)
    })
  }

  it('are for one message and one namespace', () => {
    for (const message of ['other', '']) {
      assert.throws(() => verifyMessage(blob, 'mezite-test', message), { code: 'bad-signature' })
    }
    assert.throws(() => verifyMessage(blob, 'other', MESSAGE), { code: 'mismatch' })
  })

  it('fail with a typed error whatever byte of them is changed', () => {
    fc.assert(
      fc.property(fc.nat({ max: blob.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const changed = Buffer.from(blob)
        changed[at] = (changed[at] ?? 0) ^ by
        let key: unknown
        try {
          key = verifyMessage(changed, 'mezite-test', MESSAGE)
        } catch (error) {
          assert.equal(error instanceof Error && error.name, 'SshFormatError')
        }
        assert.equal(key, undefined)
      }),
      { numRuns: 300 },
    )
  })

  it('have one spelling', () => {
    const armor = encodeSignatureArmor(blob)
    assert.deepEqual(parseSignatureArmor(armor), blob)
    for (const other of [
      armor.trimEnd(),
      armor.replaceAll('\n', '\r\n'),
      ` ${armor}`,
      armor.replace('\n', '\n\n'),
      `${armor}${armor}`,
      '',
    ]) {
      assert.throws(() => parseSignatureArmor(other), { name: 'SshFormatError' })
    }
  })
})
