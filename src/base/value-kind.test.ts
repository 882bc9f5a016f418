import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatAddress, parseAddress } from './address.ts'
import { boolean, choice, file, fileOrStandard, integer, labels, list, text } from './value-kind.ts'

const here = { directory: '/work', home: '/home/me' }

describe('address', () => {
  it('is a host and a port', () => {
    assert.deepEqual(parseAddress('hub.example.com:3025'), { host: 'hub.example.com', port: 3025 })
    assert.deepEqual(parseAddress('10.0.0.1:1'), { host: '10.0.0.1', port: 1 })
    assert.deepEqual(parseAddress('[::1]:3025'), { host: '::1', port: 3025 })
    assert.deepEqual(parseAddress('hub', 3025), { host: 'hub', port: 3025 })
  })

  it('is written as it is read', () => {
    for (const written of ['hub:3025', '[2001:db8::1]:80', '127.0.0.1:0']) {
      assert.equal(formatAddress(parseAddress(written)), written)
    }
  })

  for (const written of [
    '',
    'hub',
    ':3025',
    'hub:',
    'hub:65536',
    'hub:+1',
    '::1:3025',
    '[hub]:1',
    '[]:1',
    'https://hub:1',
    'hub:1/path',
    '1.2.3:1',
    '999.1.1.1:1',
    'a b:1',
    'hub..example:1',
  ]) {
    it(`is not ${JSON.stringify(written)}`, () => {
      assert.throws(() => parseAddress(written), { name: 'AddressError', code: 'malformed' })
    })
  }
})

describe('kinds of values', () => {
  const refuses = (act: () => unknown, message: RegExp) => {
    assert.throws(act, { name: 'ValueError', message })
  }

  it('integers stay in their bounds', () => {
    assert.equal(integer(1, 10).parse(['10'], here), 10)
    for (const written of ['0', '11', '1.0', '0x1', '-1', '1e1', ' 1']) {
      refuses(() => integer(1, 10).parse([written], here), /is not a number/)
    }
  })

  it('choices are one of their words', () => {
    assert.equal(choice('text', 'json').parse(['json'], here), 'json')
    refuses(() => choice('text', 'json').parse(['JSON'], here), /is not one of the choices/)
  })

  it('booleans have a few spellings', () => {
    assert.deepEqual(
      ['true', 'yes', '1', 'false', 'no', '0'].map((it) => boolean.parse([it], here)),
      [true, true, true, false, false, false],
    )
    refuses(() => boolean.parse(['toString'], here), /neither true nor false/)
  })

  it('nothing is empty, and no item of a list', () => {
    refuses(() => text('X').parse([''], here), /empty/)
    refuses(() => list(text('X')).parse(['a,,b'], here), /empty/)
  })

  it('paths are absolute, but for standard input', () => {
    assert.equal(file.parse(['a/../b'], here), '/work/b')
    assert.equal(file.parse(['-'], here), '/work/-')
    assert.equal(fileOrStandard.parse(['-'], here), '-')
    assert.equal(fileOrStandard.parse(['x'], here), '/work/x')
  })

  it('labels are keys with values, each key once', () => {
    const read = (...texts: readonly string[]) => labels.parse(texts, here)
    assert.deepEqual(read('env=staging, tier=web'), { env: 'staging', tier: 'web' })
    assert.deepEqual(read('a=1', 'b=2'), { a: '1', b: '2' })
    assert.deepEqual(read('note=a=b,none='), { note: 'a=b', none: '' })
    assert.ok(Object.hasOwn(read('__proto__=x'), '__proto__'))
    refuses(() => read('staging'), /"staging" is not a key with its value/)
    refuses(() => read('env=staging,web'), /"web" is not a key with its value/)
    refuses(() => read('=staging'), /not a key with its value/)
    refuses(() => read('env=a,env=b'), /"env" stands there twice/)
    refuses(() => read('env=a', 'env=a'), /"env" stands there twice/)
    refuses(() => read('env=a,,b=c'), /empty/)
    refuses(() => read(''), /empty/)
  })
})
