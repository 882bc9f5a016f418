import assert from 'node:assert/strict'
import { isIP, isIPv6 } from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseIpAddress } from './ip-address.ts'

/** Eight groups in full, as the URL standard's parser reads the address. */
function urlReads(address: string): Buffer {
  const text = new URL(`http://[${address}]/`).hostname.slice(1, -1)
  const [head = '', tail] = text.split('::')
  const groups = (part = '') => part.split(':').filter((group) => group !== '')
  const front = groups(head)
  const back = groups(tail)
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => '0')
  const all = [...front, ...zeros, ...back].map((group) => group.padStart(4, '0'))
  return Buffer.from(all.join(''), 'hex')
}

describe('IP address', () => {
  it('has 4 octets or 16', () => {
    assert.deepEqual(parseIpAddress('192.0.2.255'), Buffer.of(192, 0, 2, 255))
    const hex = (text: string) => parseIpAddress(text)?.toString('hex')
    assert.equal(hex('::'), '0'.repeat(32))
    assert.equal(hex('2001:db8::1'), `20010db8${'0'.repeat(23)}1`)
    assert.equal(hex('::ffff:192.0.2.1'), `${'0'.repeat(20)}ffffc0000201`)
  })

  it('is read as the URL standard reads it', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        assert.deepEqual(parseIpAddress(text), urlReads(text), text)
      }),
    )
  })

  it('is what Node takes for one', () => {
    const near = fc
      .array(fc.constantFrom('0', '1', '01', 'ff', 'fffff', '256', ':', '::', '.', '1.2.3.4'))
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.oneof(near, fc.ipV4(), fc.ipV6(), fc.string()), (text) => {
        const expected = isIPv6(text) && text.includes('%') ? 0 : isIP(text)
        const length = parseIpAddress(text)?.length ?? 0
        assert.equal(length, expected === 6 ? 16 : expected, text)
      }),
      { numRuns: 5000 },
    )
  })

  it('has no zone', () => {
    assert.equal(parseIpAddress('fe80::1%eth0'), undefined)
  })
})
