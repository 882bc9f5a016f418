import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { encodeElement, encodeOid, encodeSequence, encodeUnsignedInteger, TAG } from './der.ts'
import { DerReader, parseBitString, parseOid, parseUnsignedInteger } from './der-reader.ts'

const magnitudes = fc.uint8Array({ minLength: 1, maxLength: 24 })
const oids = fc
  .tuple(
    fc.oneof(
      fc.tuple(fc.constantFrom(0, 1), fc.nat(39)),
      fc.tuple(fc.constant(2), fc.nat(2 ** 31 - 1 - 80)),
    ),
    fc.array(fc.nat(2 ** 31 - 1), { minLength: 1, maxLength: 8 }),
  )
  .map(([[first, second], rest]) => [first, second, ...rest].join('.'))

function content(der: Buffer): Buffer {
  return new DerReader(der).any().content
}

/** The values that `openssl asn1parse` prints for the elements of a SEQUENCE. */
function opensslReads(elements: readonly Buffer[]): readonly string[] {
  const input = encodeSequence(...elements)
  const text = execFileSync('openssl', ['asn1parse', '-inform', 'DER'], { input, encoding: 'utf8' })
  const lines = text.trimEnd().split('\n').slice(1)
  return lines.map((line) => line.slice(line.lastIndexOf(':') + 1))
}

describe('DER integers', () => {
  it('are read by OpenSSL as what was written', () => {
    const values = fc.sample(magnitudes, 200)
    const hex = values.map((octets) => BigInt(`0x${Buffer.from(octets).toString('hex')}`))
    const expected = hex.map((value) => {
      const digits = value.toString(16).toUpperCase()
      return digits.length % 2 ? `0${digits}` : digits
    })
    assert.deepEqual(opensslReads(values.map(encodeUnsignedInteger)), expected)
  })

  it('are shortest, and come back without their sign octet', () => {
    fc.assert(
      fc.property(magnitudes, (octets) => {
        const value = parseUnsignedInteger(content(encodeUnsignedInteger(octets)))
        const text = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
        assert.equal(text(value), text(octets))
        assert.ok(value[0] !== 0 || value.length === 1)
      }),
    )
  })

  it('are refused when empty, negative or padded', () => {
    for (const hex of ['', '80', 'ff01', '0000', '007f']) {
      assert.throws(() => parseUnsignedInteger(Buffer.from(hex, 'hex')), {
        code: 'malformed-certificate',
      })
    }
  })
})

describe('DER object identifiers', () => {
  it('are read by OpenSSL as what was written', () => {
    // OpenSSL prints names for those it knows; random arcs under 2.999 it knows not.
    const values = fc.sample(oids, 200).map((oid) => `2.999.${oid}`)
    assert.deepEqual(opensslReads(values.map(encodeOid)), values)
  })

  it('come back as they were', () => {
    fc.assert(fc.property(oids, (oid) => assert.equal(parseOid(content(encodeOid(oid))), oid)))
  })

  it('are refused when padded, cut off or huge', () => {
    for (const hex of ['', '8001', '2a8001', '2a86', 'ffffffffffffffff7f']) {
      assert.throws(() => parseOid(Buffer.from(hex, 'hex')), { code: 'malformed-certificate' })
    }
  })
})

describe('DER elements', () => {
  it('of every length come back, and never with a byte more or less', () => {
    for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
      const der = encodeElement(TAG.octetString, Buffer.alloc(length, 7))
      const reader = new DerReader(der)
      assert.equal(reader.read(TAG.octetString).content.length, length)
      reader.end()
      assert.throws(() => new DerReader(der.subarray(0, -1)).any(), {
        code: 'malformed-certificate',
      })
      const longer = new DerReader(Buffer.concat([der, Buffer.of(0)]))
      longer.any()
      assert.throws(() => longer.end(), { code: 'malformed-certificate' })
    }
  })

  it('are refused in the forms of BER', () => {
    const forms = {
      'indefinite length': '30800000',
      'padded length': '04810100',
      'length with a leading zero': '0482008000',
      'huge length': '0484010000',
      'long tag': '1f8101',
      nothing: '',
    }
    for (const [name, hex] of Object.entries(forms)) {
      const reader = new DerReader(Buffer.concat([Buffer.from(hex, 'hex')]))
      assert.throws(() => reader.any(), { code: 'malformed-certificate' }, name)
    }
    assert.throws(() => parseBitString(Buffer.of(1, 0x80)), { code: 'malformed-certificate' })
  })
})
