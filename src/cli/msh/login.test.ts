import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseTarget } from './login.ts'

describe('the target', () => {
  it('takes the login from either place', () => {
    assert.deepEqual(parseTarget('web', undefined), { host: 'web', login: undefined })
    assert.deepEqual(parseTarget('web', 'deploy'), { host: 'web', login: 'deploy' })
    assert.deepEqual(parseTarget('deploy@web', undefined), { host: 'web', login: 'deploy' })
    assert.deepEqual(parseTarget('deploy@web', 'deploy'), { host: 'web', login: 'deploy' })
    assert.deepEqual(parseTarget('a@corp@web', undefined), { host: 'web', login: 'a@corp' })
    assert.deepEqual(parseTarget('fe80::1%eth0', 'a').host, 'fe80::1%eth0')
  })

  it('refuses two logins', () => {
    assert.throws(() => parseTarget('deploy@web', 'root'), {
      code: 'usage',
      message: 'two logins: deploy@… and --login=root',
    })
  })

  it('refuses what ssh could take for an option or a shell for a command', () => {
    for (const host of ['-oProxyCommand=id', '', 'a b', 'a;b', '$(id)', 'a`b', 'a/b', 'a\nb']) {
      assert.throws(() => parseTarget(host, undefined), { code: 'usage' }, host)
      assert.throws(() => parseTarget(`deploy@${host}`, undefined), { code: 'usage' }, host)
    }
    for (const login of ['-oProxyCommand=id', '', 'a b', 'a;b', '$(id)', "a'b", 'a\nb']) {
      assert.throws(() => parseTarget('web', login), { code: 'usage' }, login)
    }
  })

  it('never lets anything begin with a dash', () => {
    fc.assert(
      fc.property(fc.string(), fc.option(fc.string(), { nil: undefined }), (text, login) => {
        try {
          const target = parseTarget(text, login)
          assert.doesNotMatch(target.host, /^-/)
          assert.doesNotMatch(target.login ?? '', /^-/)
        } catch (error) {
          assert.equal(error instanceof Error && error.name, 'CliError')
        }
      }),
    )
  })
})
