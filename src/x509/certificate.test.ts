import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseCertificate } from './certificate.ts'
import { encodeElement, encodeSequence, TAG } from './der.ts'
import { around, createTestCluster, createTestKey, issueBot } from './test-cluster.ts'

const NOW = Date.UTC(2026, 2, 24, 15)
const cluster = createTestCluster(NOW)
const key = createTestKey()
const leaf = issueBot(cluster, key, around(NOW))

/** The leaf with the first occurrence of some octets replaced by as many others. */
function edited(from: string, to: string): Buffer {
  const der = Buffer.from(leaf.der)
  const at = der.indexOf(from, 0, 'hex')
  assert.ok(at > 0, `no ${from}`)
  der.write(to, at, 'hex')
  return der
}

describe('certificate', () => {
  it('is read field by field', () => {
    const { der, serialNumber, validity, spki, subject, issuer } = parseCertificate(leaf.der)
    assert.deepEqual(der, leaf.der)
    assert.equal(serialNumber, leaf.serialNumber)
    assert.deepEqual(validity, leaf.validity)
    assert.deepEqual(spki, key.spki)
    assert.equal(subject.toString('hex'), '3000')
    assert.deepEqual(issuer, cluster.signer.certificate.subject)
  })

  it('keeps its bytes when those it was read from change', () => {
    const source = Buffer.from(leaf.der)
    const parsed = parseCertificate(source)
    source.fill(0)
    assert.deepEqual(parsed.der, leaf.der)
    assert.deepEqual(parsed.spki, key.spki)
  })

  it('is refused in another version, with two algorithms, or with a boolean of BER', () => {
    const cases = {
      'version 2': ['a003020102', 'a003020101'],
      'two algorithms': ['06082a8648ce3d040302', '06082a8648ce3d040303'],
      'critical as 01': ['0603551d130101ff', '0603551d13010101'],
      'critical as FALSE': ['0603551d130101ff', '0603551d13010100'],
    } as const
    for (const [name, [from, to]] of Object.entries(cases)) {
      const refused = { code: 'malformed-certificate' }
      assert.throws(() => parseCertificate(edited(from, to)), refused, name)
    }
  })

  it('is refused with bytes behind the version, where no other field stands', () => {
    const { tbs, der } = parseCertificate(leaf.der)
    const version = Buffer.from('a003020102', 'hex')
    const fields = tbs.subarray(tbs.indexOf(version) + version.length)
    const longer = encodeElement(TAG.contextConstructed(0), Buffer.from('020102020100', 'hex'))
    const signed = der.subarray(der.indexOf(tbs) + tbs.length)
    const file = encodeSequence(encodeSequence(longer, fields), signed)
    assert.throws(() => parseCertificate(file), { message: /left over/ })
    assert.ok(parseCertificate(encodeSequence(encodeSequence(version, fields), signed)))
  })

  it('is refused above 64 KiB, unread', () => {
    const refused = { code: 'malformed-certificate', message: /bytes long/ }
    const huge = encodeElement(TAG.sequence, Buffer.alloc(64 * 1024))
    assert.throws(() => parseCertificate(huge), refused)
  })
})
