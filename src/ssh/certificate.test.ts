import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import {
  encodeCertificateLine,
  isValidAt,
  parseCertificate,
  parseCertificateLine,
  verifyCertificate,
} from './certificate.ts'
import { issueCertificate } from './issue-certificate.ts'
import { KEY_TYPES } from './key-type.ts'
import { encodePrivateKey, generatePrivateKey } from './private-key.ts'
import { encodePublicKeyLine, fingerprint, isSameKey, publicKeyFrom } from './public-key.ts'
import { createSshSigner } from './signature.ts'
import { KEY_TYPE_PAIRS, keyOf, profileFor } from './testing/keys.ts'
import { type OpenSsh, openSsh } from './testing/openssh.ts'
import { SshWriter } from './wire.ts'

let ssh: OpenSsh
before(async () => {
  ssh = await openSsh()
  for (const type of KEY_TYPES) {
    await ssh.write(`${type}-ca`, encodePrivateKey(keyOf(type)))
    await ssh.write(`${type}.pub`, encodePublicKeyLine(publicKeyFrom(keyOf(type))))
  }
})
after(() => ssh.remove())

describe('certificates of ssh-keygen', () => {
  for (const [subject, authority] of KEY_TYPE_PAIRS) {
    it(`parse and verify: ${subject} by ${authority}`, async () => {
      const key = publicKeyFrom(keyOf(subject))
      const options = [
        '-I',
        'an id with blanks',
        '-n',
        'deploy,web',
        '-z',
        '7',
        '-V',
        '20260324140000:20260324150000',
      ]
      await ssh.keygen('-q', '-s', `${authority}-ca`, ...options, `${subject}.pub`)
      const { certificate } = parseCertificateLine(await ssh.readText(`${subject}-cert.pub`))
      verifyCertificate(certificate, publicKeyFrom(keyOf(authority)))
      assert.ok(isSameKey(certificate.publicKey, key))
      assert.equal(certificate.serial, 7n)
      assert.equal(certificate.type, 'user')
      assert.equal(certificate.keyId, 'an id with blanks')
      assert.deepEqual(certificate.validPrincipals, ['deploy', 'web'])
      assert.equal(certificate.validAfter, 1_774_360_800n)
      assert.equal(certificate.validBefore, 1_774_364_400n)
      assert.deepEqual(
        certificate.extensions.map(({ name, value }) => name + value),
        ['X11-forwarding', 'agent-forwarding', 'port-forwarding', 'pty', 'user-rc'].map(
          (name) => `permit-${name}`,
        ),
      )
    })
  }

  it('keep the values of their options', async () => {
    const options = ['clear', 'force-command=echo "a b"', 'source-address=10.0.0.0/8,::1/128']
    const flags = [...options, 'verify-required', 'extension:login@example.com=octo cat']
    const args = flags.flatMap((flag) => ['-O', flag])
    await ssh.keygen('-q', '-s', 'ssh-ed25519-ca', '-I', 'id', ...args, 'ssh-ed25519.pub')
    const { certificate } = parseCertificateLine(await ssh.readText('ssh-ed25519-cert.pub'))
    assert.deepEqual(certificate.criticalOptions, [
      { name: 'force-command', value: 'echo "a b"' },
      { name: 'source-address', value: '10.0.0.0/8,::1/128' },
      { name: 'verify-required', value: '' },
    ])
    assert.deepEqual(certificate.extensions, [{ name: 'login@example.com', value: 'octo cat' }])
    assert.deepEqual(certificate.validPrincipals, [])
    assert.equal(certificate.validBefore, 2n ** 64n - 1n)
  })

  it('are refused when RSA signed them with SHA-1', async () => {
    const args = ['-s', 'ssh-rsa-ca', '-t', 'ssh-rsa', '-I', 'id', 'ssh-ed25519.pub']
    await ssh.keygen('-q', ...args)
    const line = await ssh.readText('ssh-ed25519-cert.pub')
    assert.throws(() => parseCertificateLine(line), { code: 'unsupported' })
  })
})

describe('certificates of ours', () => {
  for (const [subject, authority] of KEY_TYPE_PAIRS) {
    it(`are read by ssh-keygen -L: ${subject} by ${authority}`, async () => {
      const signer = createSshSigner(keyOf(authority))
      const profile = profileFor(publicKeyFrom(keyOf(subject)), {
        criticalOptions: [
          { name: 'source-address', value: '192.0.2.0/24' },
          { name: 'force-command', value: './deploy.sh --now' },
        ],
        extensions: [{ name: 'permit-pty', value: '' }],
      })
      const certificate = issueCertificate(profile, signer, randomBytes(32))
      await ssh.write('ours-cert.pub', encodeCertificateLine(certificate, 'bot'))
      const listed = await ssh.keygen('-L', '-f', 'ours-cert.pub')
      for (const line of [
        ` user certificate`,
        `Public key: ${shortName(subject)}-CERT ${fingerprint(profile.publicKey)}`,
        `Signing CA: ${shortName(authority)} ${fingerprint(signer.publicKey)} (using ${
          authority === 'ssh-rsa' ? 'rsa-sha2-512' : authority
        })`,
        `Key ID: "bot:github-deploy/0b1c"`,
        `Serial: ${0xfedc_ba98_7654_3210n}`,
        'Valid: from 2026-03-24T14:00:00 to 2026-03-24T15:00:00',
        'Principals: \n                bot:github-deploy\n                deploy\n',
        'Critical Options: \n                force-command ./deploy.sh --now\n',
        '                source-address 192.0.2.0/24\n',
        'Extensions: \n                permit-pty\n',
      ]) {
        assert.ok(listed.includes(line), `${line}\nis not in\n${listed}`)
      }
      const read = parseCertificateLine(encodeCertificateLine(certificate, 'bot'))
      assert.deepEqual(read, { certificate, comment: 'bot' })
    })
  }

  it('are for hosts as well', async () => {
    const profile = profileFor(publicKeyFrom(keyOf('ssh-ed25519')), {
      type: 'host',
      validPrincipals: ['web-1', 'web-1.example.com', '2001:db8::1'],
    })
    const signer = createSshSigner(keyOf('ssh-ed25519'))
    const certificate = issueCertificate(profile, signer, randomBytes(32))
    await ssh.write('host-cert.pub', encodeCertificateLine(certificate))
    const listed = await ssh.keygen('-L', '-f', 'host-cert.pub')
    assert.match(listed, /ssh-ed25519-cert-v01@openssh.com host certificate/)
    assert.match(listed, /Critical Options: \(none\)\s+Extensions: \(none\)/)
  })

  const signer = createSshSigner(keyOf('ecdsa-sha2-nistp256'))
  const profile = profileFor(publicKeyFrom(keyOf('ssh-ed25519')))
  const certificate = issueCertificate(profile, signer, randomBytes(32))

  it('verify for their own authority alone', () => {
    verifyCertificate(certificate, signer.publicKey)
    const other = publicKeyFrom(generatePrivateKey('ecdsa-sha2-nistp256'))
    assert.throws(() => verifyCertificate(certificate, other), {
      code: 'mismatch',
      message: /another authority/,
    })
  })

  it('do not verify after any change, and ssh-keygen agrees', async () => {
    const { blob, keyId } = certificate
    const changed = Buffer.from(blob)
    changed.write('B', changed.indexOf(keyId))
    const forged = parseCertificate(changed)
    assert.equal(forged.keyId, 'Bot:github-deploy/0b1c')
    assert.throws(() => verifyCertificate(forged, signer.publicKey), { code: 'bad-signature' })
    await ssh.write('forged-cert.pub', encodeCertificateLine(forged))
    assert.notEqual((await ssh.run('ssh-keygen', '-L', '-f', 'forged-cert.pub')).status, 0)
  })

  it('do not follow their input when it changes later', () => {
    const bytes = Buffer.from(certificate.blob)
    const read = parseCertificate(bytes)
    bytes.fill(0)
    verifyCertificate(read, signer.publicKey)
  })

  it('are valid from the first second to the one before the last', () => {
    assert.equal(isValidAt(certificate, profile.validAfter - 1n), false)
    assert.equal(isValidAt(certificate, profile.validAfter), true)
    assert.equal(isValidAt(certificate, profile.validBefore - 1n), true)
    assert.equal(isValidAt(certificate, profile.validBefore), false)
  })

  it('are refused on a line that names another type', () => {
    const line = encodeCertificateLine(certificate).replace('ssh-ed25519-cert', 'ssh-rsa-cert')
    assert.throws(() => parseCertificateLine(line), { code: 'mismatch' })
  })
})

describe('the form of a certificate', () => {
  const key = publicKeyFrom(keyOf('ssh-ed25519')).blob
  const flag = (name: string) => [name, Buffer.alloc(0)] as const

  /** A certificate whose signature has the right form and nothing else. */
  function certificateOf(changes: {
    readonly type?: number
    readonly principals?: readonly string[]
    readonly options?: readonly (readonly [string, Buffer])[]
    readonly authority?: Buffer
  }): Buffer {
    const { type = 1, principals = ['a'], options = [], authority = key } = changes
    const writer = new SshWriter().string('ssh-ed25519-cert-v01@openssh.com').string('nonce')
    writer.raw(key.subarray(15)).uint64(1n).uint32(type).string('id')
    writer.nested(() => {
      for (const principal of principals) writer.string(principal)
    })
    writer.uint64(0n).uint64(1n).string('')
    writer.nested(() => {
      for (const [name, data] of options) writer.string(name).string(data)
    })
    writer.string('').string(authority)
    return writer.nested(() => writer.string('ssh-ed25519').string(Buffer.alloc(64))).bytes()
  }

  it('is read as long as it is the one form', () => {
    const options = [flag('a'), ['b', Buffer.from('\0\0\0\x01x')] as const]
    const principals = Array.from({ length: 256 }, (_, index) => `p${index}`)
    const read = parseCertificate(certificateOf({ principals, options, type: 2 }))
    assert.equal(read.type, 'host')
    assert.deepEqual(read.extensions, [
      { name: 'a', value: '' },
      { name: 'b', value: 'x' },
    ])
  })

  const chained = new SshWriter().string('ssh-ed25519-cert-v01@openssh.com').string('').bytes()
  const refused = {
    malformed: [{ principals: Array.from({ length: 257 }, () => 'a') }, { type: 0 }, { type: 3 }],
    'non-canonical': [
      { options: [flag('b'), flag('a')] },
      { options: [flag('a'), flag('a')] },
      { options: [flag('')] },
      { options: [['a', Buffer.alloc(4)] as const] },
    ],
    trailing: [{ options: [['a', Buffer.from('\0\0\0\x01xy')] as const] }],
    truncated: [{ options: [['a', Buffer.from('x')] as const] }],
    unsupported: [{ authority: chained }],
  }
  for (const [code, cases] of Object.entries(refused)) {
    it(`is refused as ${code}`, () => {
      for (const each of cases) {
        assert.throws(() => parseCertificate(certificateOf(each)), { code }, JSON.stringify(each))
      }
    })
  }
})

function shortName(type: string): string {
  if (type.startsWith('ecdsa')) return 'ECDSA'
  return type === 'ssh-rsa' ? 'RSA' : 'ED25519'
}
