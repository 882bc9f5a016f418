import fc from 'fast-check'
import type { SelectorSource } from '../labels.ts'
import type { Role } from '../role.ts'
import { parseRoleDocuments } from '../role-document.ts'

/** A role document as a plain value, for tests that must not depend on how it is parsed. */
export interface RoleSource {
  readonly options?: OptionsSource
  readonly allow?: { readonly node_labels: SelectorSource; readonly logins: readonly string[] }
  readonly deny?: { readonly node_labels?: SelectorSource; readonly logins?: readonly string[] }
}

export interface OptionsSource {
  readonly max_session_ttl?: string
  readonly port_forwarding?: boolean
  readonly file_copy?: boolean
  readonly pty?: boolean
  readonly source_cidrs?: readonly string[]
  readonly force_command?: string
}

/** JSON is YAML, so these documents need no writer of ours. Their names are `r0`, `r1`, … */
export function rolesOf(...sources: readonly RoleSource[]): readonly Role[] {
  const documents = sources.map((spec, i) =>
    JSON.stringify({ kind: 'role', metadata: { name: `r${i}` }, spec }),
  )
  return documents.flatMap((text) => parseRoleDocuments(text, 'test'))
}

// Few values each, so that roles meet often.
export const arbitraryLogin = fc.constantFrom('app', 'deploy', 'root', 'web')

export const arbitraryLabels = fc.dictionary(
  fc.constantFrom('env', 'tier', 'region'),
  fc.constantFrom('a', 'b', 'ab', ''),
  { noNullPrototype: true },
)

const labelValue = fc.constantFrom('a', 'b', 'ab', '*', '^a|b$', '^[ab]+$', '^$')

const selector = fc.oneof(
  { weight: 1, arbitrary: fc.constant<SelectorSource>({ '*': '*' }) },
  {
    weight: 4,
    arbitrary: fc.dictionary(
      fc.constantFrom('env', 'tier', 'region'),
      fc.oneof(labelValue, fc.array(labelValue, { minLength: 1, maxLength: 3 })),
      { minKeys: 1, noNullPrototype: true },
    ),
  },
)

const nonEmpty = { minLength: 1, maxLength: 3 }

const options: fc.Arbitrary<OptionsSource> = fc.record(
  {
    max_session_ttl: fc.constantFrom('1m', '30m', '1h', '7d', '1h30m'),
    port_forwarding: fc.boolean(),
    file_copy: fc.boolean(),
    pty: fc.boolean(),
    source_cidrs: fc.uniqueArray(
      fc.constantFrom('10.0.0.0/8', '192.0.2.7/32', '2001:db8::/32'),
      nonEmpty,
    ),
    force_command: fc.constantFrom('/usr/bin/backup', 'rsync --server "a b"'),
  },
  { requiredKeys: [] },
)

export const arbitraryRoleSource: fc.Arbitrary<RoleSource> = fc.record(
  {
    options,
    allow: fc.record({ node_labels: selector, logins: fc.array(arbitraryLogin, nonEmpty) }),
    deny: fc.oneof(
      { weight: 3, arbitrary: fc.constant({}) },
      {
        weight: 1,
        arbitrary: fc.record(
          {
            node_labels: selector,
            logins: fc.array(fc.oneof(arbitraryLogin, fc.constantFrom('^r.*$', '^a|w$')), nonEmpty),
          },
          { requiredKeys: [] },
        ),
      },
    ),
  },
  { requiredKeys: [] },
)
