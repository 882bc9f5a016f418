import assert from 'node:assert/strict'
import { BlockList, isIPv4, isIPv6 } from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkCidr } from './cidr.ts'

/** The canonical form that the refusal of `text` proposes. */
function proposed(text: string): string | undefined {
  try {
    return checkCidr(text)
  } catch (error) {
    if (!(error instanceof Error && 'hint' in error)) throw error
    return /^write (\S+)$/.exec(String(error.hint))?.[1]
  }
}

describe('checkCidr', () => {
  it('accepts canonical networks', () => {
    for (const text of [
      '0.0.0.0/0',
      '10.0.0.0/8',
      '192.0.2.7/32',
      '::/0',
      '2001:db8::/32',
      '2001:db8:0:1::/64',
      '::1/128',
    ]) {
      assert.equal(checkCidr(text), text)
    }
  })

  it('proposes the canonical form of any other spelling', () => {
    assert.equal(proposed('10.1.2.3/8'), '10.0.0.0/8')
    assert.equal(proposed('10.1.2.3'), '10.1.2.3/32')
    assert.equal(proposed('2001:DB8:0::1/32'), '2001:db8::/32')
    assert.equal(proposed('10.0.0.0/08'), '10.0.0.0/8')
  })

  it('refuses what is no network', () => {
    for (const text of [
      '',
      '/8',
      '10.0.0/8',
      '10.0.0.256/8',
      '010.0.0.0/8',
      '10.0.0.0/33',
      '::/129',
      ':::/1',
      '1::2::3/128',
      '1:2:3:4:5:6:7:8:9/128',
      '1:2:3/128',
      '1:2:3:4:5:6:7::8/128',
      'fe80::1%eth0/128',
      '::ffff:10.0.0.0/104',
      'example.com',
      '10.0.0.0/8 ',
      '10.0.0.0/-1',
    ]) {
      assert.throws(
        () => checkCidr(text),
        { code: 'malformed-option', hint: 'write it as 10.0.0.0/8 or 2001:db8::/32' },
        text,
      )
    }
  })

  it("agrees with Node's own reading of addresses and networks", () => {
    const ipv6 = fc.ipV6().filter((text) => !text.includes('.'))
    const address = fc.oneof(fc.ipV4(), ipv6, fc.stringMatching(/^[0-9a-f:.]{2,20}$/))
    fc.assert(
      fc.property(address, fc.nat({ max: 128 }), (host, prefix) => {
        const canonical = proposed(`${host}/${prefix}`)
        const family = isIPv4(host) ? 'ipv4' : 'ipv6'
        const valid = isIPv4(host) ? prefix <= 32 : isIPv6(host) && !host.includes('.')
        assert.equal(canonical !== undefined, valid)
        if (canonical === undefined) return
        assert.equal(checkCidr(canonical), canonical)
        const network = new BlockList()
        network.addSubnet(canonical.replace(/\/.*/, ''), prefix, family)
        assert.ok(network.check(host, family))
      }),
      { numRuns: 2_000 },
    )
  })
})
