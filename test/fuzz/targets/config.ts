import assert from 'node:assert/strict'
import { ConfigError, resolveConfig } from '../../../src/base/config.ts'
import { parseConfigFile } from '../../../src/base/config-file.ts'
import type { Parameters } from '../../../src/base/parameter.ts'
import { identityStartParameters } from '../../../src/cli/mezd/identity/parameters.ts'
import { nodeStartParameters } from '../../../src/cli/mezd/node/parameters.ts'
import { hubStartParameters } from '../../../src/cli/mezhub/parameters.ts'
import { TEXT_MUTATIONS } from '../engine/mutate.ts'
import { type FuzzTarget, textOf, unlessRefused } from '../engine/target.ts'

const ENVIRONMENT = { env: {}, cwd: '/here', home: '/home/me', uid: 0 }
const SECRET = 'correct horse battery staple'

const TABLES: readonly Parameters[] = [
  hubStartParameters,
  identityStartParameters,
  nodeStartParameters,
]

const SEEDS = [
  'data-dir: /var/lib/mezite\nlisten-addr: 0.0.0.0:3025\nca-key-type: rsa\nca-key-passphrase-file: p\n',
  'auth-server: hub:3025\ndestination: ~/certs\nrenewal-interval: 20m\njoin-token: tok-bot-x\n',
  'auth-server: hub:3025\nlabels: [env=staging, tier=web]\nport: 22\nhosts: a, b\nstrict: 10m\n',
]

/** A configuration file of one of the programs, up to its typed values. */
export const config: FuzzTarget = {
  name: 'config',
  largest: 16_384,
  words: [
    ...['- ', '? ', ': ', '&a ', '*a', '<<: *a', '!!binary ', '---\n', '%YAML 1.1\n', '|\n ', '~'],
    ...TABLES.flatMap((table) => Object.keys(table)),
  ],
  mutations: TEXT_MUTATIONS,
  seeds: async () => SEEDS.map((text) => Buffer.from(text)),
  async run(input) {
    const text = textOf(input)
    const file = unlessRefused(() => parseConfigFile('c.yaml', '/etc/x', text), ConfigError)
    if (file === undefined) return 'refused'
    assert.ok(file.entries.length <= text.length)
    let accepted = false
    for (const table of TABLES) {
      const sources = { flags: {}, environment: ENVIRONMENT, file, readSecret: async () => SECRET }
      try {
        await resolveConfig(table, sources, { everyParameterFromEnvironment: true })
        accepted = true
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        assert.ok(!error.message.includes(SECRET))
        // It is a line of a log or a terminal.
        assert.ok(error.message.length < text.length + 1_000)
      }
    }
    return accepted ? 'accepted' : 'refused'
  },
}
