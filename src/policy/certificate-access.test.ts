import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { certificateAccess } from './certificate-access.ts'
import { grantsFor } from './grants.ts'
import { mergeOptions } from './options.ts'
import type { Role } from './role.ts'
import {
  arbitraryLabels,
  arbitraryRoleSource,
  type OptionsSource,
  type RoleSource,
  rolesOf,
} from './testing/role-source.ts'

const role = (logins: string[], options: OptionsSource = {}) => ({
  options,
  allow: { node_labels: { env: 'prod' }, logins },
})
const access = (...sources: RoleSource[]) => certificateAccess('ci', rolesOf(...sources))

describe('certificateAccess', () => {
  it('carries the bot, its allowed logins and the shortest life', () => {
    const source = {
      ...role(['www', 'deploy', 'root', 'www'], { max_session_ttl: '1h' }),
      deny: { logins: ['root'] },
    }
    assert.deepEqual(access(source, { options: { max_session_ttl: '30m' } }), {
      principals: ['bot:ci', 'deploy', 'www'],
      maxTtlMs: 1_800_000,
      criticalOptions: new Map(),
      extensions: ['permit-pty'],
      withheldLogins: [],
    })
  })

  it('carries the restrictions that all logins share', () => {
    const shared = {
      force_command: 'backup',
      source_cidrs: ['10.0.0.0/8', '192.0.2.0/24'],
      pty: false,
      port_forwarding: true,
    }
    const { principals, criticalOptions, extensions, withheldLogins } = access(
      role(['a'], shared),
      role(['b'], shared),
    )
    assert.deepEqual(principals, ['a', 'b', 'bot:ci'])
    assert.deepEqual(
      [...criticalOptions],
      [
        ['force-command', 'backup'],
        ['source-address', '10.0.0.0/8,192.0.2.0/24'],
      ],
    )
    assert.deepEqual(extensions, ['permit-port-forwarding'])
    assert.deepEqual(withheldLogins, [])
  })

  const withholding: readonly [string, OptionsSource, string][] = [
    ['pty', { pty: false }, 'another login has pty: true'],
    ['port_forwarding', {}, 'another login has port_forwarding: true'],
    [
      'file_copy',
      { file_copy: false, port_forwarding: true },
      'a certificate cannot enforce file_copy: false',
    ],
    [
      'force_command',
      { force_command: 'x', port_forwarding: true },
      'another login has not the same force_command',
    ],
    [
      'source_cidrs',
      { source_cidrs: ['10.0.0.0/8'], port_forwarding: true },
      'another login has not the same source_cidrs',
    ],
  ]
  for (const [option, options, reason] of withholding) {
    it(`withholds a login that would lose its ${option}`, () => {
      const { principals, withheldLogins } = access(
        role(['strict'], { port_forwarding: option === 'pty', ...options }),
        role(['free'], { port_forwarding: true }),
      )
      assert.deepEqual(principals, ['bot:ci', 'free'])
      assert.deepEqual(withheldLogins, [{ login: 'strict', reason }])
    })
  }

  it('withholds a login whose roles force different commands, and forces none on its nodes', () => {
    const { principals, criticalOptions, withheldLogins } = access(
      role(['a', 'b'], { force_command: 'x' }),
      role(['a'], { force_command: 'y' }),
    )
    assert.deepEqual(principals, ['bot:ci'])
    assert.equal(criticalOptions.size, 0)
    assert.deepEqual(withheldLogins, [
      { login: 'a', reason: 'its roles have different force_command' },
      { login: 'b', reason: 'another login has not the same force_command' },
    ])
  })

  it('withholds the logins whose networks are too many for a certificate', () => {
    const networks = (first: number) => ({
      source_cidrs: Array.from({ length: 250 }, (_, i) => `192.${first}.${i}.0/24`),
    })
    const { principals, criticalOptions, withheldLogins } = access(
      role(['a'], networks(100)),
      role(['a'], networks(200)),
    )
    assert.deepEqual([principals, criticalOptions.size], [['bot:ci'], 0])
    assert.deepEqual(withheldLogins, [
      { login: 'a', reason: 'a certificate cannot hold so many source_cidrs' },
    ])
  })

  it('carries no login and no permit when every node is denied', () => {
    const { principals, extensions } = access(role(['a']), { deny: { node_labels: { '*': '*' } } })
    assert.deepEqual([principals, extensions], [['bot:ci'], []])
  })

  it('refuses more principals than a certificate holds', () => {
    const logins = Array.from({ length: 255 }, (_, i) => `login${i}`)
    assert.equal(access(role(logins)).principals.length, 256)
    assert.throws(() => access(role(logins), role(['more'])), {
      code: 'too-many-principals',
      message: /256 logins/,
    })
    assert.throws(() => certificateAccess('Not A Name', []), { code: 'malformed-name' })
  })

  it('is never stricter than a grant, never weaker than a bare login', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryRoleSource, { maxLength: 4 }),
        arbitraryLabels,
        (sources, labels) => {
          const roles = rolesOf(...sources)
          const { principals, criticalOptions, extensions, withheldLogins } = certificateAccess(
            'ci',
            roles,
          )
          const command = criticalOptions.get('force-command')
          const networks = criticalOptions.get('source-address')?.split(',')
          const permits = (name: string) => extensions.includes(name)

          for (const { login, options } of grantsFor(roles, labels)) {
            assert.ok(
              principals.includes(login) || withheldLogins.some((one) => one.login === login),
            )
            assert.ok(!options.pty || permits('permit-pty'))
            assert.ok(!options.portForwarding || permits('permit-port-forwarding'))
            if (command !== undefined) assert.equal(command, options.forceCommand)
            if (networks === undefined) continue
            assert.ok(options.sourceCidrs.length > 0)
            assert.ok(options.sourceCidrs.every((network) => networks.includes(network)))
          }
          for (const login of principals.filter((name) => name !== 'bot:ci')) {
            const options = optionsOf(roles, login)
            assert.ok(options.fileCopy)
            assert.equal(options.pty, permits('permit-pty'))
            assert.equal(options.portForwarding, permits('permit-port-forwarding'))
            assert.equal(options.forceCommand, command)
            assert.deepEqual(options.sourceCidrs, networks ?? [])
            assert.ok(
              roles.every(({ deny }) => !deny.logins.some((pattern) => pattern.matches(login))),
            )
          }
        },
      ),
      { numRuns: 2_000 },
    )
  })
})

function optionsOf(roles: readonly Role[], login: string) {
  const allowing = roles.filter(({ allow }) => allow?.logins.includes(login))
  assert.notEqual(allowing.length, 0)
  return mergeOptions(allowing.map(({ options }) => options))
}
