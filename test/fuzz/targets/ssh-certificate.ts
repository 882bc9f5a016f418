import assert from 'node:assert/strict'
import {
  CERTIFICATE_TYPE_CODES,
  type CertificateOption,
  certificateTypeName,
  encodeCertificateLine,
  parseCertificate,
  parseCertificateLine,
  type SshCertificate,
  verifyCertificate,
} from '../../../src/ssh/certificate.ts'
import { SshFormatError } from '../../../src/ssh/errors.ts'
import { issueCertificate } from '../../../src/ssh/issue-certificate.ts'
import { KEY_TYPES } from '../../../src/ssh/key-type.ts'
import { encodePublicKeyLine, publicKeyFrom } from '../../../src/ssh/public-key.ts'
import { createSshSigner } from '../../../src/ssh/signature.ts'
import { keyOf, profileFor } from '../../../src/ssh/testing/keys.ts'
import { openSsh } from '../../../src/ssh/testing/openssh.ts'
import { SshWriter } from '../../../src/ssh/wire.ts'
import { BYTE_MUTATIONS } from '../engine/mutate.ts'
import { type FuzzTarget, unlessRefused } from '../engine/target.ts'
import { sshMutation } from '../engine/tree.ts'

export const certificate: FuzzTarget = {
  name: 'ssh-certificate',
  largest: 4_096,
  words: [
    ...KEY_TYPES.map(certificateTypeName),
    ...KEY_TYPES,
    ...[
      'force-command',
      'source-address',
      'permit-pty',
      'bot:a',
      Buffer.of(0, 0, 0, 1),
      Buffer.alloc(4),
    ],
  ],
  mutations: [...BYTE_MUTATIONS, ...BYTE_MUTATIONS.map(sshMutation)],
  seeds: async () => [...ownCertificates(), ...(await openSshCertificates())],
  run(input) {
    const read = unlessRefused(() => parseCertificate(input), SshFormatError)
    if (read === undefined) return 'refused'
    assert.deepEqual(encode(read), input)
    const line = encodeCertificateLine(read, 'c')
    assert.deepEqual(parseCertificateLine(`${line}\n`), { certificate: read, comment: 'c' })
    unlessRefused(() => verifyCertificate(read, read.signatureKey), SshFormatError)
    return 'accepted'
  },
}

/** Written from the fields alone, by PROTOCOL.certkeys. */
function encode(certificate: SshCertificate): Buffer {
  const { publicKey, nonce, criticalOptions, extensions } = certificate
  const writer = new SshWriter()
  const options = (list: readonly CertificateOption[]) =>
    writer.nested(() => {
      for (const { name, value } of list) {
        writer.string(name).nested(() => value !== '' && writer.string(value))
      }
    })
  const keyFields = publicKey.blob.subarray(4 + publicKey.type.length)
  writer.string(certificateTypeName(publicKey.type)).string(nonce).raw(keyFields)
  writer.uint64(certificate.serial).uint32(CERTIFICATE_TYPE_CODES[certificate.type])
  writer.string(certificate.keyId).nested(() => {
    for (const principal of certificate.validPrincipals) writer.string(principal)
  })
  writer.uint64(certificate.validAfter).uint64(certificate.validBefore)
  options(criticalOptions)
  options(extensions)
  writer.string(certificate.reserved).string(certificate.signatureKey.blob)
  return writer.string(certificate.signature).bytes()
}

function ownCertificates(): readonly Buffer[] {
  return KEY_TYPES.map((type) => {
    const signer = createSshSigner(keyOf(type === 'ssh-rsa' ? 'ssh-ed25519' : type))
    const profile = profileFor(publicKeyFrom(keyOf(type)), {
      criticalOptions: [{ name: 'force-command', value: 'x' }],
      extensions: [{ name: 'permit-pty', value: '' }],
    })
    return issueCertificate(profile, signer, Buffer.alloc(16, 3)).blob
  })
}

async function openSshCertificates(): Promise<readonly Buffer[]> {
  const tools = await openSsh()
  await tools.keygen('-q', '-t', 'ed25519', '-N', '', '-f', tools.path('ca'))
  await tools.write('k.pub', `${encodePublicKeyLine(publicKeyFrom(keyOf('ssh-ed25519')))}\n`)
  const certificates: Buffer[] = []
  for (const options of [
    ['-n', 'a,b', '-O', 'force-command=/bin/true', '-O', 'source-address=10.0.0.0/8'],
    ['-h', '-n', 'host.example', '-V', 'always:forever'],
    ['-n', 'a', '-O', 'clear', '-O', 'extension:x@example=y', '-z', '18446744073709551615'],
  ]) {
    await tools.keygen('-q', '-s', tools.path('ca'), '-I', 'id', ...options, tools.path('k.pub'))
    const line = await tools.readText('k-cert.pub')
    certificates.push(Buffer.from(line.split(' ')[1] ?? '', 'base64'))
  }
  await tools.remove()
  return certificates
}
