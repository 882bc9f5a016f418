import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { CertificateOption, CertificateProfile } from './certificate.ts'
import { parseCertificate, verifyCertificate } from './certificate.ts'
import { issueCertificate } from './issue-certificate.ts'
import { publicKeyFrom } from './public-key.ts'
import { createSshSigner, type SshSigner } from './signature.ts'
import { keyOf, profileFor } from './testing/keys.ts'
import { SshWriter } from './wire.ts'

const nonce = Buffer.alloc(32, 7)
const signer = createSshSigner(keyOf('ssh-ed25519'))
const publicKey = publicKeyFrom(keyOf('ecdsa-sha2-nistp256'))

const issue = (changes: Partial<CertificateProfile>, by: SshSigner = signer) =>
  issueCertificate(profileFor(publicKey, changes), by, nonce)

const option = (name: string, value = ''): CertificateOption => ({ name, value })

describe('issueCertificate', () => {
  it('returns what was asked for, whatever the profile', () => {
    const uint64 = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n })
    const name = fc.stringMatching(/^[A-Za-z0-9._:/@+-]{1,255}$/)
    const validity = fc.uniqueArray(uint64, { minLength: 2, maxLength: 2 })
    const extensions = fc.uniqueArray(fc.constantFrom('permit-pty', 'z@x.org', 'A@x.org'), {})
    const profiles = fc.record({
      serial: uint64,
      keyId: name,
      validPrincipals: fc.uniqueArray(name, { minLength: 1, maxLength: 256 }),
      validity,
      extensions,
      forced: fc.stringMatching(/^[a-z][ -~]{0,99}$/),
    })
    fc.assert(
      fc.property(profiles, ({ validity: times, extensions: names, forced, ...rest }) => {
        const [validAfter = 0n, validBefore = 0n] = times.toSorted((a, b) => (a < b ? -1 : 1))
        const certificate = issue({
          ...rest,
          validAfter,
          validBefore,
          criticalOptions: [option('source-address', '10.0.0.1'), option('force-command', forced)],
          extensions: names.map((each) => option(each)),
        })
        assert.equal(certificate.serial, rest.serial)
        assert.equal(certificate.keyId, rest.keyId)
        assert.deepEqual(certificate.validPrincipals, rest.validPrincipals)
        assert.deepEqual(
          [certificate.validAfter, certificate.validBefore],
          [validAfter, validBefore],
        )
        assert.deepEqual(
          certificate.extensions.map((each) => each.name),
          names.toSorted(),
        )
        assert.equal(certificate.criticalOptions[0]?.value, forced)
        assert.deepEqual(parseCertificate(certificate.blob), certificate)
        verifyCertificate(certificate, signer.publicKey)
      }),
      { numRuns: 50 },
    )
  })

  const long = 'x'.repeat(256)
  const many = Array.from({ length: 257 }, (_, index) => `p${index}`)
  const refused: Readonly<Record<string, Partial<CertificateProfile>>> = {
    'serial 0, which no KRL can revoke': { serial: 0n },
    'a serial that is no uint64': { serial: 2n ** 64n },
    'a key ID that forges a line of the log': { keyId: 'bot\nAccepted publickey for root' },
    'a key ID with a blank': { keyId: 'a b' },
    'an empty key ID': { keyId: '' },
    'a long key ID': { keyId: long },
    'no principals, which means anyone': { validPrincipals: [] },
    'an empty principal': { validPrincipals: ['deploy', ''] },
    'a principal that is a list': { validPrincipals: ['deploy,root'] },
    'a wildcard principal': { validPrincipals: ['*'] },
    'a principal beyond ASCII': { validPrincipals: ['déploy'] },
    'a principal with a final newline': { validPrincipals: ['deploy\n'] },
    'a principal that stands twice': { validPrincipals: ['deploy', 'deploy'] },
    'a long principal': { validPrincipals: [long] },
    'more principals than OpenSSH reads': { validPrincipals: many },
    'a validity that is empty': { validAfter: 5n, validBefore: 5n },
    'a validity that runs backwards': { validAfter: 6n, validBefore: 5n },
    'a validity before the epoch': { validAfter: -1n },
    'a validity that is no uint64': { validBefore: 2n ** 64n },
    'a critical option that sshd does not know': { criticalOptions: [option('no-pty')] },
    'a critical option named as part of Object': { criticalOptions: [option('constructor')] },
    'an empty forced command': { criticalOptions: [option('force-command', ' ')] },
    'a forced command of two lines': { criticalOptions: [option('force-command', 'a\nb')] },
    'a source address that is a name': { criticalOptions: [option('source-address', 'web-1')] },
    'a source address list with a gap': { criticalOptions: [option('source-address', '::1,')] },
    'a flag with a value': { criticalOptions: [option('verify-required', 'x')] },
    'a critical option that stands twice': {
      criticalOptions: [option('force-command', 'a'), option('force-command', 'b')],
    },
    'a login that may run its own rc file': { extensions: [option('permit-user-rc')] },
    'an unknown extension of OpenSSH': { extensions: [option('permit-all')] },
    'an extension with a value that it has not': { extensions: [option('permit-pty', 'x')] },
    'an extension that stands twice': { extensions: [option('permit-pty'), option('permit-pty')] },
    'an endless value': { extensions: [option('x@example.com', 'x'.repeat(5000))] },
    "options in a host's certificate": { type: 'host', extensions: [option('permit-pty')] },
  }
  for (const [name, changes] of Object.entries(refused)) {
    it(`refuses ${name}`, () => {
      let signatures = 0
      const counting: SshSigner = {
        publicKey: signer.publicKey,
        sign: (data) => {
          signatures++
          return signer.sign(data)
        },
      }
      assert.throws(() => issue(changes, counting), { code: 'forbidden' })
      assert.equal(signatures, 0, 'nothing is signed')
    })
  }

  it('accepts the most that there may be', () => {
    issue({ validPrincipals: many.slice(1), keyId: long.slice(1) })
    assert.throws(() => issueCertificate(profileFor(publicKey), signer, Buffer.alloc(15)), {
      code: 'forbidden',
    })
  })

  it('lets nothing out that a faulty signer signed', () => {
    const other = createSshSigner(keyOf('ssh-rsa'))
    const wrongKey = { publicKey: signer.publicKey, sign: other.sign }
    assert.throws(() => issue({}, wrongKey), { code: 'mismatch' })
    const wrongData = { ...signer, sign: (data: Uint8Array) => signer.sign(data.subarray(1)) }
    assert.throws(() => issue({}, wrongData), { code: 'bad-signature' })
    const garbage = { ...signer, sign: () => Buffer.alloc(3) }
    assert.throws(() => issue({}, garbage), { code: 'truncated' })
  })

  it('compares what was signed with what was asked for', () => {
    // A signer that changes the bytes under the writer and signs what it made of them.
    const rewriting = {
      ...signer,
      sign: (data: Uint8Array) => {
        const serial = new SshWriter().uint64(profileFor(publicKey).serial).bytes()
        const at = Buffer.from(data.buffer, data.byteOffset, data.byteLength).indexOf(serial)
        data[at] = 0
        return signer.sign(data)
      },
    }
    assert.throws(() => issue({}, rewriting), { code: 'mismatch' })
  })
})
