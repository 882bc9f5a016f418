import assert from 'node:assert/strict'
import { evaluate, grantsFor } from '../../../src/policy/grants.ts'
import { PolicyError } from '../../../src/policy/policy-error.ts'
import { formatRole, parseRoleDocuments } from '../../../src/policy/role-document.ts'
import { TEXT_MUTATIONS } from '../engine/mutate.ts'
import { type FuzzTarget, textOf, unlessRefused } from '../engine/target.ts'

const DEPLOYER = `kind: role
metadata:
  name: ci-deployer
  description: "CI/CD deploy pipeline SSH access"
spec:
  options:
    max_session_ttl: 1h
    port_forwarding: true
    file_copy: false
    pty: no
    source_cidrs: [10.0.0.0/8, "2001:db8::/32"]
    force_command: /usr/bin/backup
  allow:
    node_labels: {env: [staging, "^prod(uction)?$"], "*": "*"}
    logins: [deploy, backup]
  deny:
    node_labels: {tier: "^(a+)+$"}
    logins: [root, "^x.*$"]
`
const ALL = `kind: role
metadata: { name: &n all }
spec: { allow: { node_labels: { "*": "*" }, logins: [ops] }, deny: { logins: ["*"] } }
---
# another
kind: role
metadata:
  name: b
spec: {}
`

/** Labels that an expression may have a hard time with. */
const NODES = [
  { env: 'production', tier: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' },
  { env: 'a'.repeat(255), tier: `${'a'.repeat(254)}b`, x: 'äöü '.repeat(60) },
  {},
]

/** A file of roles: read in bounded time, held against nodes in bounded time, written back the same. */
export const role: FuzzTarget = {
  name: 'role',
  largest: 65_600,
  words: [
    ...['kind: role\n', 'metadata:\n', '  name: a\n', 'spec:\n', '  options:\n', '  allow:\n'],
    ...['    node_labels:\n', '    logins:\n', '      - ', '---\n', '...\n', '&a ', '*a', '<<: '],
    ...[
      '"*": "*"',
      '^(a|b)+$',
      '^a{1,999}$',
      '^[^\\p{L}]*$',
      '!!str ',
      '? ',
      '|\n',
      '>-\n',
      '%YAML 1.1\n',
    ],
    ...[
      '~',
      'null',
      'true',
      '0x1F',
      '1e3',
      '.inf',
      '2001-12-14',
      '{',
      '}',
      '[',
      ']',
      '__proto__: 1',
    ],
    ...['max_session_ttl: ', 'source_cidrs: ', 'force_command: ', 'description: ', '1h30m'],
  ],
  mutations: TEXT_MUTATIONS,
  seeds: async () => [DEPLOYER, ALL].map((text) => Buffer.from(text)),
  run(input) {
    const roles = unlessRefused(() => parseRoleDocuments(textOf(input), 'f.yaml'), PolicyError)
    if (roles === undefined) return 'refused'
    for (const each of roles) {
      const written = formatRole(each)
      const [again, ...more] = parseRoleDocuments(written, 'g.yaml')
      assert.ok(again !== undefined && more.length === 0)
      assert.equal(formatRole(again), written)
    }
    for (const labels of NODES) {
      const granted = grantsFor(roles, labels)
      for (const { login } of granted) assert.ok(evaluate(roles, labels, login).allowed)
      assert.equal(evaluate(roles, labels, 'a'.repeat(32)).allowed, false)
    }
    return 'accepted'
  },
}
