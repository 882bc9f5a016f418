import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { evaluate, grantsFor } from './grants.ts'
import type { Labels, SelectorSource } from './labels.ts'
import {
  arbitraryLabels,
  arbitraryLogin,
  arbitraryRoleSource,
  type RoleSource,
  rolesOf,
} from './testing/role-source.ts'

const everywhere = (...logins: string[]) => ({ node_labels: { '*': '*' }, logins })

describe('evaluate', () => {
  it('allows when one role matches labels and login', () => {
    const roles = rolesOf(
      {},
      { allow: { node_labels: { env: ['staging', 'prod'] }, logins: ['deploy'] } },
    )
    assert.deepEqual(evaluate(roles, { env: 'prod', tier: 'web' }, 'deploy'), {
      allowed: true,
      rule: { effect: 'allow', by: 'login', roles: ['r1'] },
      grant: {
        login: 'deploy',
        options: {
          maxSessionTtlMs: undefined,
          portForwarding: false,
          fileCopy: true,
          pty: true,
          sourceCidrs: [],
          forceCommand: undefined,
        },
      },
    })
  })

  it('denies what no role allows', () => {
    const roles = rolesOf({ allow: { node_labels: { env: 'prod' }, logins: ['deploy'] } })
    const rule = { effect: 'deny', by: 'no matching allow', roles: [] }
    assert.deepEqual(evaluate(roles, { env: 'prod' }, 'root'), { allowed: false, rule })
    assert.deepEqual(evaluate(roles, { env: 'dev' }, 'deploy'), { allowed: false, rule })
    assert.deepEqual(evaluate([], {}, 'deploy'), { allowed: false, rule })
  })

  it('does not join the labels of one role to the logins of another', () => {
    const roles = rolesOf(
      { allow: { node_labels: { env: 'prod' }, logins: ['app'] } },
      { allow: { node_labels: { env: 'dev' }, logins: ['root'] } },
    )
    assert.equal(evaluate(roles, { env: 'prod' }, 'root').allowed, false)
  })

  it('lets the deny of any role win, and names it', () => {
    const roles = rolesOf(
      { allow: everywhere('deploy', 'root', 'admin1') },
      { deny: { node_labels: { env: 'prod' } } },
      { deny: { logins: ['root', '^admin.*$'] } },
    )
    const ruleOf = (labels: Labels, login: string) => evaluate(roles, labels, login).rule
    assert.deepEqual(ruleOf({ env: 'prod' }, 'deploy'), {
      effect: 'deny',
      by: 'node_labels',
      roles: ['r1'],
    })
    assert.deepEqual(ruleOf({}, 'root'), { effect: 'deny', by: 'login', roles: ['r2'] })
    assert.deepEqual(ruleOf({}, 'admin1'), { effect: 'deny', by: 'login', roles: ['r2'] })
    assert.equal(ruleOf({}, 'deploy').effect, 'allow')
    assert.equal(
      evaluate(rolesOf({ allow: everywhere('a'), deny: { logins: ['*'] } }), {}, 'a').allowed,
      false,
    )
  })

  it('merges what several roles grant, under the shortest life of all roles', () => {
    const roles = rolesOf(
      {
        options: {
          pty: false,
          file_copy: false,
          source_cidrs: ['10.0.0.0/8'],
          max_session_ttl: '2h',
        },
        allow: everywhere('a'),
      },
      {
        options: {
          pty: false,
          port_forwarding: true,
          source_cidrs: ['192.0.2.0/24', '10.0.0.0/8'],
        },
        allow: everywhere('a', 'b'),
      },
      { options: { max_session_ttl: '30m' } },
    )
    const options = {
      portForwarding: true,
      fileCopy: true,
      pty: false,
      forceCommand: undefined,
      maxSessionTtlMs: 1_800_000,
    }
    assert.deepEqual(grantsFor(roles, {}), [
      { login: 'a', options: { ...options, sourceCidrs: ['10.0.0.0/8', '192.0.2.0/24'] } },
      { login: 'b', options: { ...options, sourceCidrs: ['10.0.0.0/8', '192.0.2.0/24'].sort() } },
    ])
  })

  it('drops a restriction that one granting role lacks', () => {
    const roles = rolesOf(
      { options: { force_command: 'x', source_cidrs: ['10.0.0.0/8'] }, allow: everywhere('a') },
      { options: { force_command: 'y' }, allow: everywhere('a') },
      { allow: everywhere('a') },
    )
    const [grant] = grantsFor(roles, {})
    assert.deepEqual([grant?.options.forceCommand, grant?.options.sourceCidrs], [undefined, []])
  })

  it('refuses a login for which two commands are forced', () => {
    const roles = rolesOf(
      { options: { force_command: 'x' }, allow: everywhere('a', 'b') },
      { options: { force_command: 'y' }, allow: everywhere('a') },
    )
    assert.deepEqual(evaluate(roles, {}, 'a'), {
      allowed: false,
      rule: { effect: 'deny', by: 'different force_command', roles: ['r0', 'r1'] },
    })
    assert.deepEqual(
      grantsFor(roles, {}).map(({ login }) => login),
      ['b'],
    )
  })

  it('agrees with a naive reading of the documents', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryRoleSource, { maxLength: 4 }),
        arbitraryLabels,
        arbitraryLogin,
        (sources, labels, login) => {
          const decision = evaluate(rolesOf(...sources), labels, login)
          assert.equal(decision.allowed, naivelyAllowed(sources, labels, login))
          assert.equal(decision.rule.effect === 'allow', decision.allowed)
          if (decision.allowed)
            assert.deepEqual(decision.grant.options, naiveOptions(sources, labels, login))
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('lists in grantsFor what it allows, no more and no less', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryRoleSource, { maxLength: 4 }),
        arbitraryLabels,
        (sources, labels) => {
          const roles = rolesOf(...sources)
          const expected = ['app', 'deploy', 'root', 'web'].flatMap((login) => {
            const decision = evaluate(roles, labels, login)
            return decision.allowed ? [decision.grant] : []
          })
          assert.deepEqual(grantsFor(roles, labels), expected)
        },
      ),
      { numRuns: 1_000 },
    )
  })
})

// A second evaluator, which reads the documents as a person would and shares nothing with the first.

function naivelyAllowed(sources: readonly RoleSource[], labels: Labels, login: string): boolean {
  for (const { deny } of sources) {
    if (deny?.node_labels !== undefined && naivelySelected(deny.node_labels, labels)) return false
    for (const text of deny?.logins ?? []) if (naivelyMatches(text, login)) return false
  }
  const commands = granters(sources, labels, login).map(
    ({ options }) => options?.force_command ?? '',
  )
  if (commands.length === 0) return false
  return commands.includes('') || commands.every((text) => text === commands[0])
}

function granters(sources: readonly RoleSource[], labels: Labels, login: string): RoleSource[] {
  return sources.filter(
    ({ allow }) => allow?.logins.includes(login) && naivelySelected(allow.node_labels, labels),
  )
}

function naivelySelected(selector: SelectorSource, labels: Labels): boolean {
  for (const [key, values] of Object.entries(selector)) {
    if (key === '*') continue
    const value = labels[key]
    if (value === undefined) return false
    if (![values].flat().some((text) => naivelyMatches(text, value))) return false
  }
  return true
}

function naivelyMatches(text: string, value: string): boolean {
  if (text === '*') return true
  return text.startsWith('^') ? new RegExp(`^(?:${text})$`).test(value) : text === value
}

const MINUTES: Readonly<Record<string, number>> = {
  '1m': 1,
  '30m': 30,
  '1h': 60,
  '1h30m': 90,
  '7d': 10_080,
}

function naiveOptions(sources: readonly RoleSource[], labels: Labels, login: string) {
  const granted = granters(sources, labels, login).map(({ options }) => options ?? {})
  const lives = sources.map(({ options }) => MINUTES[options?.max_session_ttl ?? ''] ?? Infinity)
  const life = Math.min(...lives)
  const anywhere = granted.some(({ source_cidrs }) => source_cidrs === undefined)
  const free = granted.some(({ force_command }) => force_command === undefined)
  return {
    maxSessionTtlMs: life === Infinity ? undefined : life * 60_000,
    portForwarding: granted.some(({ port_forwarding }) => port_forwarding === true),
    fileCopy: granted.some(({ file_copy }) => file_copy !== false),
    pty: granted.some(({ pty }) => pty !== false),
    sourceCidrs: anywhere
      ? []
      : [...new Set(granted.flatMap((one) => one.source_cidrs ?? []))].sort(),
    forceCommand: free ? undefined : granted[0]?.force_command,
  }
}
