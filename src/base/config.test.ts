import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ConfigError, resolveConfig, type Sources } from './config.ts'
import { parseConfigFile } from './config-file.ts'
import { optional, required, withDefault } from './parameter.ts'
import { address, boolean, directory, duration, integer, list, text } from './value-kind.ts'

const parameters = {
  authServer: required(address(), { help: "the hub's address" }),
  renewalInterval: withDefault(duration, '20m', { help: 'how often' }),
  joinToken: optional(text('TOKEN'), { help: 'the token', secret: true }),
  destination: optional(directory, { help: 'where to' }),
  oneShot: withDefault(boolean, 'false', { help: 'once' }),
  tags: optional(list(text('TAG')), { help: 'tags' }),
  uses: optional(integer(1, 9), { help: 'uses' }),
}

interface Given {
  readonly flags?: Sources['flags']
  readonly env?: Record<string, string>
  readonly file?: string
  readonly secrets?: Record<string, string>
}

function resolve({ flags = {}, env = {}, file, secrets = {} }: Given) {
  return resolveConfig(
    parameters,
    {
      flags: { authServer: ['hub:3025'], ...flags },
      environment: { env, cwd: '/work', home: '/home/me', uid: 1000 },
      file: file === undefined ? undefined : parseConfigFile('mezd.yaml', '/etc/mezd', file),
      readSecret: async (path) => secrets[path] ?? Promise.reject(new Error('no such file')),
    },
    { everyParameterFromEnvironment: true },
  )
}

async function refusal(given: Given): Promise<Pick<ConfigError, 'code' | 'message' | 'hint'>> {
  try {
    await resolve(given)
  } catch (error) {
    assert.ok(error instanceof Error && error.name === 'ConfigError')
    const { code, message, hint } = error as ConfigError
    return { code, message, hint }
  }
  return assert.fail('nothing was refused')
}

describe('precedence', () => {
  const flags = { renewalInterval: ['1m'] }
  const env = { MEZITE_RENEWAL_INTERVAL: '2m' }
  const file = 'renewal-interval: 3m\n'

  it('puts a flag over the environment, that over the file, that over the default', async () => {
    const minutes = async (given: Given) => (await resolve(given)).values.renewalInterval / 60_000
    assert.equal(await minutes({ flags, env, file }), 1)
    assert.equal(await minutes({ env, file }), 2)
    assert.equal(await minutes({ file }), 3)
    assert.equal(await minutes({}), 20)
  })

  it('tells where each value came from', async () => {
    const origin = async (given: Given) => (await resolve(given)).origins.renewalInterval
    assert.equal(await origin({ flags, env, file }), '--renewal-interval')
    assert.equal(await origin({ env, file }), 'MEZITE_RENEWAL_INTERVAL')
    assert.equal(await origin({ file: `# comment\n\n${file}` }), 'mezd.yaml:3: renewal-interval')
    assert.equal(await origin({}), undefined)
  })

  it('takes an empty variable for none', async () => {
    const { values } = await resolve({ env: { MEZITE_RENEWAL_INTERVAL: '' } })
    assert.equal(values.renewalInterval, 1_200_000)
  })
})

describe('errors', () => {
  it('name the flag, the variable, or the line of the file', async () => {
    const problem = '"30" is not a duration'
    const named = async (given: Given) => (await refusal(given)).message
    assert.equal(
      await named({ flags: { renewalInterval: ['30'] } }),
      `--renewal-interval: ${problem}`,
    )
    assert.equal(
      await named({ env: { MEZITE_RENEWAL_INTERVAL: '30' } }),
      `MEZITE_RENEWAL_INTERVAL: ${problem}`,
    )
    assert.equal(
      await named({ file: 'one-shot: true\nrenewal-interval: 30\n' }),
      `mezd.yaml:2: renewal-interval: ${problem}`,
    )
  })

  it('keep the hint of what failed', async () => {
    const { hint } = await refusal({ flags: { authServer: ['hub'] } })
    assert.match(hint ?? '', /HOST:PORT/)
  })

  it('refuse what is missing, and a second value for what takes one', async () => {
    const missing = await refusal({ flags: { authServer: undefined } })
    assert.deepEqual(missing, {
      code: 'missing',
      message: '--auth-server is missing',
      hint: "the hub's address: --auth-server=HOST:PORT",
    })
    const twice = await refusal({ flags: { renewalInterval: ['1m', '2m'] } })
    assert.equal(twice.message, '--renewal-interval: more than one value')
  })
})

describe('a configuration file', () => {
  it('may not hold an unknown key, and the nearest known one is named', async () => {
    assert.deepEqual(await refusal({ file: 'one-shot: true\nrenewal-intervall: 5m\n' }), {
      code: 'unknown-key',
      message: 'mezd.yaml:2: renewal-intervall: unknown key',
      hint: 'did you mean renewal-interval?',
    })
  })

  it('may not hold a key twice', async () => {
    const { code, message } = await refusal({ file: 'uses: 1\none-shot: true\nuses: 2\n' })
    assert.equal(code, 'duplicate-key')
    assert.equal(message, 'mezd.yaml:3: uses: the key stands in line 1 already')
  })

  it('has paths that count from where it stands', async () => {
    const file = 'destination: certs\n'
    assert.equal((await resolve({ file })).values.destination, '/etc/mezd/certs')
    const flags = { destination: ['certs'] }
    assert.equal((await resolve({ flags })).values.destination, '/work/certs')
    const home = 'destination: ~/certs\n'
    assert.equal((await resolve({ file: home })).values.destination, '/home/me/certs')
  })

  it('has sequences for lists, which flags and variables separate by commas', async () => {
    assert.deepEqual((await resolve({ file: 'tags: [a, b]\n' })).values.tags, ['a', 'b'])
    assert.deepEqual((await resolve({ env: { MEZITE_TAGS: 'a, b' } })).values.tags, ['a', 'b'])
    assert.deepEqual((await resolve({ flags: { tags: ['a', 'b,c'] } })).values.tags, [
      'a',
      'b',
      'c',
    ])
  })

  for (const [what, file, message] of [
    ['no mapping', '- a\n', 'mezd.yaml:1: not a mapping of keys to values'],
    ['a mapping as a value', 'uses:\n  a: 1\n', 'mezd.yaml:1: uses: neither a value nor a list'],
    ['a key without a value', 'one-shot: true\nuses:\n', 'mezd.yaml:2: uses: neither a value'],
    ['what is no YAML', 'uses: [1\n', 'mezd.yaml:2: '],
    ['two documents', 'uses: 1\n---\nuses: 2\n', 'mezd.yaml:2: '],
  ] as const) {
    it(`is refused for ${what}`, async () => {
      const refused = await refusal({ file })
      assert.equal(refused.code, 'malformed-file')
      assert.ok(refused.message.startsWith(message), refused.message)
    })
  }

  it('may be empty', async () => {
    assert.equal((await resolve({ file: '# nothing\n' })).values.oneShot, false)
  })
})

describe('a secret', () => {
  it('may stand in a file, named at every level, without its line end', async () => {
    const secrets = { '/work/t': 'tok-1\n', '/etc/mezd/t': 'tok-2\r\n', '-': 'tok-3' }
    const token = async (given: Given) => (await resolve({ secrets, ...given })).values.joinToken
    assert.equal(await token({ flags: { joinTokenFile: ['t'] } }), 'tok-1')
    assert.equal(await token({ env: { MEZITE_JOIN_TOKEN_FILE: 't' } }), 'tok-1')
    assert.equal(await token({ file: 'join-token-file: t\n' }), 'tok-2')
    assert.equal(await token({ flags: { joinTokenFile: ['-'] } }), 'tok-3')
  })

  it('of a flag wins over the file that a variable names', async () => {
    const given = { flags: { joinToken: ['tok-1'] }, env: { MEZITE_JOIN_TOKEN_FILE: '/gone' } }
    assert.equal((await resolve(given)).values.joinToken, 'tok-1')
  })

  it('is refused where both are given at one level', async () => {
    const both = await refusal({ flags: { joinToken: ['a'], joinTokenFile: ['b'] } })
    assert.equal(both.message, '--join-token and --join-token-file exclude each other')
  })

  it('whose file cannot be read is named by its source, not its text', async () => {
    const { code, message } = await refusal({ env: { MEZITE_JOIN_TOKEN_FILE: '/gone' } })
    assert.equal(code, 'unreadable')
    assert.equal(message, 'MEZITE_JOIN_TOKEN_FILE: no such file')
  })

  it('that is used once may be gone with its file, and is then as if it were not given', async () => {
    const once = { token: optional(text('T'), { help: 'a token', secret: true, usedOnce: true }) }
    const sourcesWith = (code: string): Sources => ({
      flags: { tokenFile: ['/run/token'] },
      environment: { env: {}, cwd: '/', home: '/', uid: 0 },
      readSecret: () => Promise.reject(Object.assign(new Error(code), { code })),
    })
    const options = { everyParameterFromEnvironment: false }
    const { values } = await resolveConfig(once, sourcesWith('ENOENT'), options)
    assert.equal(values.token, undefined)
    await assert.rejects(resolveConfig(once, sourcesWith('EACCES'), options), {
      message: '--token-file: EACCES',
    })
  })

  it('that is malformed is not quoted', async () => {
    const secret = { pin: required(integer(1, 9), { help: 'a PIN', secret: true }) }
    const sources: Sources = {
      flags: { pin: ['hunter2'] },
      environment: { env: {}, cwd: '/', home: '/', uid: 0 },
      readSecret: async () => '',
    }
    const options = { everyParameterFromEnvironment: false }
    await assert.rejects(resolveConfig(secret, sources, options), (error: ConfigError) => {
      assert.equal(error.message, '--pin: the value is malformed')
      assert.equal(error.cause, undefined)
      return true
    })
  })
})
