import assert from 'node:assert/strict'
import { CliError } from '../../../src/cli/cli-error.ts'
import { encodeAdminIdentity, parseAdminIdentity } from '../../../src/cli/mezctl/admin-identity.ts'
import { clientCredential, createTestCa } from '../../fakes/tls.ts'
import { TEXT_MUTATIONS } from '../engine/mutate.ts'
import { type FuzzTarget, textOf } from '../engine/target.ts'
import { JSON_WORDS } from './identity-state.ts'

/** What is longer of a text than this could be a piece of its key. */
const LONGEST_QUOTE = 24

export const adminIdentity: FuzzTarget = {
  name: 'admin-identity',
  largest: 16_384,
  words: JSON_WORDS,
  mutations: TEXT_MUTATIONS,
  seeds: async () => {
    const ca = createTestCa()
    const identity = {
      hub: { host: 'hub.example', port: 3025 },
      trust: { kind: 'tls-ca', certificates: [ca.der] },
      credential: clientCredential(ca),
    } as const
    return [Buffer.from(encodeAdminIdentity(identity))]
  },
  run(input) {
    const text = textOf(input)
    try {
      const identity = parseAdminIdentity(text, 'f')
      const written = encodeAdminIdentity(identity)
      assert.equal(encodeAdminIdentity(parseAdminIdentity(written, 'f')), written)
      return 'accepted'
    } catch (error) {
      if (!(error instanceof CliError)) throw error
      const [, key = ''] = /"private_key":\s*"([^"]*)"/.exec(text) ?? []
      for (let at = 0; at + LONGEST_QUOTE <= key.length; at++) {
        const piece = key.slice(at, at + LONGEST_QUOTE)
        assert.ok(!error.message.includes(piece), 'an error quotes the private key')
      }
      return 'refused'
    }
  },
}
