import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { SshReader, SshWriter } from './wire.ts'

const read = (hex: string): SshReader => new SshReader(Buffer.from(hex, 'hex'), 'test')

describe('mpint', () => {
  // RFC 4251, section 5; negative numbers have no place in keys.
  const vectors = [
    ['', '00000000'],
    ['09a378f9b2e332a7', '0000000809a378f9b2e332a7'],
    ['80', '000000020080'],
  ] as const

  it('agrees with the vectors of RFC 4251', () => {
    for (const [magnitude, wire] of vectors) {
      const written = new SshWriter().mpint(Buffer.from(magnitude, 'hex')).bytes()
      assert.equal(written.toString('hex'), wire)
      assert.equal(read(wire).mpint().toString('hex'), magnitude)
    }
  })

  it('refuses negative numbers and idle zeros', () => {
    for (const wire of ['00000002edcc', '00000005ff21524111', '0000000180']) {
      assert.throws(() => read(wire).mpint(), { code: 'malformed' }, wire)
    }
    for (const wire of ['0000000100', '000000020000', '00000002007f', '00000003000080']) {
      assert.throws(() => read(wire).mpint(), { code: 'non-canonical' }, wire)
    }
  })

  it('drops leading zeros and no others', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const wire = new SshWriter().mpint(bytes).bytes()
        const value = BigInt(`0x0${Buffer.from(bytes).toString('hex')}`)
        const magnitude = new SshReader(wire, 'test').mpint()
        assert.notEqual(magnitude[0], 0)
        assert.equal(BigInt(`0x0${magnitude.toString('hex')}`), value)
      }),
    )
  })
})

describe('reader and writer', () => {
  it('read back what was written, across every growth of the buffer', () => {
    const field = fc.record({
      byte: fc.nat(0xff),
      uint32: fc.nat(0xffff_ffff),
      uint64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      bytes: fc.uint8Array({ maxLength: 300 }),
      text: fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
    })
    fc.assert(
      fc.property(fc.array(field), (fields) => {
        const writer = new SshWriter(1)
        writer.nested(() => {
          for (const { byte, uint32, uint64, bytes, text } of fields) {
            writer.byte(byte).uint32(uint32).uint64(uint64).string(bytes).string(text)
          }
        })
        const outer = new SshReader(writer.bytes(), 'test')
        const inner = outer.nested()
        outer.end()
        for (const { byte, uint32, uint64, bytes, text } of fields) {
          assert.equal(inner.byte(), byte)
          assert.equal(inner.uint32(), uint32)
          assert.equal(inner.uint64(), uint64)
          assert.deepEqual(inner.string(), Buffer.from(bytes))
          assert.equal(inner.text(), text)
        }
        inner.end()
      }),
    )
  })

  it('leaves the bytes already handed out as they were', () => {
    const writer = new SshWriter(4).uint32(1)
    const before = writer.bytes()
    writer.string('more')
    assert.equal(before.toString('hex'), '00000001')
  })

  it('names what is wrong', () => {
    assert.throws(() => read('000000').uint32(), { code: 'truncated' })
    assert.throws(() => read('ffffffff00').string(), { code: 'truncated' })
    assert.throws(() => read('00000001').string(), { code: 'truncated' })
    assert.throws(() => read('00').end(), { code: 'trailing' })
    assert.throws(() => read('00000001ff').text(), { code: 'malformed' })
    assert.throws(() => read('0000000100').text(), { code: 'malformed' })
  })
})
