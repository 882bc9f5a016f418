import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { X509Error } from '../../../src/x509/errors.ts'
import { encodeCertificatePem, parseCertificatePem } from '../../../src/x509/pem.ts'
import { TEXT_MUTATIONS } from '../engine/mutate.ts'
import { type FuzzTarget, textOf, unlessRefused } from '../engine/target.ts'
import { certificates } from './x509-certificate.ts'

export const pem: FuzzTarget = {
  name: 'x509-pem',
  largest: 16_384,
  words: [
    ...['-----BEGIN CERTIFICATE-----\n', '\n-----END CERTIFICATE-----\n', '\r\n', 'MAA=', '\n\n'],
    ...['-----BEGIN PRIVATE KEY-----\n', '-----BEGIN TRUSTED CERTIFICATE-----\n', 'comment\n'],
  ],
  mutations: TEXT_MUTATIONS,
  seeds: async () => {
    const blocks = certificates().map(encodeCertificatePem)
    const [first = '', second = ''] = blocks
    const crlf = first.replaceAll('\n', '\r\n')
    return [first, `# a comment\n${first}\n${second}`, crlf].map((it) => Buffer.from(it))
  },
  run(input) {
    const text = textOf(input)
    const read = unlessRefused(() => parseCertificatePem(text), X509Error)
    if (read === undefined) return 'refused'
    const blocks = read.map(encodeCertificatePem)
    assert.deepEqual(parseCertificatePem(blocks.join('')), read)
    const lines = text.replaceAll('\r\n', '\n')
    for (const block of blocks) assert.ok(`${lines}\n`.includes(block), 'no second spelling')
    // OpenSSL reads the first certificate of a file: it is ours, too.
    const openssl = unlessRefused(() => new X509Certificate(text), Error)
    if (openssl !== undefined) assert.deepEqual(openssl.raw, read[0])
    return 'accepted'
  },
}
