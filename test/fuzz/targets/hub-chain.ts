import assert from 'node:assert/strict'
import { findPinnedAuthority, HubChainError } from '../../../src/trust/hub-chain.ts'
import { parseCa } from '../../../src/x509/authority.ts'
import { X509Error } from '../../../src/x509/errors.ts'
import { spkiPin } from '../../../src/x509/public-key.ts'
import { verifyIssuedBy } from '../../../src/x509/verify.ts'
import { BYTE_MUTATIONS } from '../engine/mutate.ts'
import { type FuzzTarget, unlessRefused } from '../engine/target.ts'
import { sshMutation } from '../engine/tree.ts'
import { certificates } from './x509-certificate.ts'

const NOW = Date.UTC(2026, 2, 24, 15, 30)
const MOST = 10

/**
 * What a server presents in TLS: certificates, each behind its length in four bytes. The pin is that
 * of the last one, which is so often the right one.
 */
export const hubChain: FuzzTarget = {
  name: 'hub-chain',
  largest: 8_192,
  words: [],
  mutations: [...BYTE_MUTATIONS, ...BYTE_MUTATIONS.map(sshMutation)],
  seeds: async () => {
    const [ca = Buffer.alloc(0), other = ca, server = ca, bot = ca] = certificates()
    return [[server, ca], [server, other, ca], [bot, ca], [ca], [server]].map(chained)
  },
  run(input) {
    const chain = chainIn(input)
    const pin = unlessRefused(() => spkiPin(chain.at(-1) ?? Buffer.alloc(0)), X509Error)
    if (pin === undefined) return 'refused'
    const found = unlessRefused(() => findPinnedAuthority(chain, pin, NOW), HubChainError)
    if (found === undefined) return 'refused'
    const [leaf = Buffer.alloc(0)] = chain
    const ca = parseCa(found)
    assert.deepEqual(spkiPin(ca.der), pin)
    verifyIssuedBy(leaf, ca, NOW)
    return 'accepted'
  },
}

function chained(chain: readonly Buffer[]): Buffer {
  return Buffer.concat(
    chain.flatMap((certificate) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(certificate.length)
      return [length, certificate]
    }),
  )
}

function chainIn(input: Buffer): readonly Buffer[] {
  const chain: Buffer[] = []
  for (let at = 0; at + 4 <= input.length && chain.length < MOST; ) {
    const end = at + 4 + input.readUInt32BE(at)
    chain.push(input.subarray(at + 4, end))
    at = end
  }
  return chain
}
