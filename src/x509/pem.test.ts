import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { encodeElement, TAG } from './der.ts'
import { X509Error } from './errors.ts'
import { encodeCertificatePem, parseCertificatePem } from './pem.ts'
import { createTestCluster, createTestKey } from './test-cluster.ts'

const { ca } = createTestCluster(Date.UTC(2026, 0, 1))
const refused = { code: 'malformed-pem' }

describe('PEM', () => {
  it('is what OpenSSL writes and reads', () => {
    assert.equal(ca.pem, new X509Certificate(ca.der).toString())
    assert.deepEqual(parseCertificatePem(ca.pem), [ca.der])
  })

  it('comes back whatever the length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const der = encodeElement(TAG.sequence, bytes)
        const text = encodeCertificatePem(der)
        assert.deepEqual(parseCertificatePem(text + text), [der, der])
      }),
    )
  })

  it('may have explanatory text around its blocks, and CRLF', () => {
    const text = `# The TLS CA of example\n${ca.pem}\n\nand again: é --\n\t\n${ca.pem}end`
    assert.deepEqual(parseCertificatePem(text), [ca.der, ca.der])
    assert.deepEqual(parseCertificatePem(text.replaceAll('\n', '\r\n')), [ca.der, ca.der])
  })

  it('is refused with anything else in it', () => {
    const lines = ca.pem.trimEnd().split('\n')
    const first = lines[1] ?? ''
    const cases = {
      'no block': 'hello\n',
      nothing: '',
      'a private key': ca.pem + createTestKey().pem,
      'no end': ca.pem + lines.slice(0, -1).join('\n'),
      'no beginning': lines.slice(1).join('\n'),
      'a block within a block': ca.pem.replace(first, `${lines[0]}\n${first}`),
      'another label': ca.pem.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE'),
      'a space after the label': ca.pem.replace('-----\n', '----- \n'),
      'an indented end': ca.pem.replace('-----END', ' -----END'),
      'short lines': ca.pem.replace(first, `${first.slice(0, 60)}\n${first.slice(60)}`),
      'one long line': [lines[0], lines.slice(1, -1).join(''), lines.at(-1)].join('\n'),
      'an empty line': ca.pem.replace(first, `${first}\n`),
      'a header': ca.pem.replace(first, `Proc-Type: 4,ENCRYPTED\n\n${first}`),
      base64url: ca.pem.replace(first, `_${first.slice(1)}`),
      'no body': `${lines[0]}\n${lines.at(-1)}\n`,
      'bits left over in base64': encodeCertificatePem(Buffer.of(0x30, 0)).replace('MAA=', 'MAB='),
      'no sequence': encodeCertificatePem(Buffer.of(4, 0)),
      'bytes after the sequence': encodeCertificatePem(Buffer.of(0x30, 0, 0)),
      'a control character': `\0\n${ca.pem}`,
      'an escape sequence': `\x1b[2J\n${ca.pem}`,
    }
    for (const [name, text] of Object.entries(cases)) {
      assert.throws(() => parseCertificatePem(text), refused, name)
    }
  })

  it('is bounded', () => {
    assert.throws(() => parseCertificatePem('\n'.repeat(1024 * 1024) + ca.pem), refused)
  })

  it('read from damaged text is DER or a typed error', () => {
    const position = fc.nat(ca.pem.length)
    fc.assert(
      fc.property(position, fc.nat(3), fc.string({ unit: 'binary' }), (at, cut, text) => {
        try {
          const found = parseCertificatePem(ca.pem.slice(0, at) + text + ca.pem.slice(at + cut))
          assert.equal(found.length, 1)
        } catch (error) {
          assert.ok(error instanceof X509Error)
          assert.equal(error.code, 'malformed-pem')
        }
      }),
      { numRuns: 2000 },
    )
  })
})
