import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compileSelector } from './labels.ts'
import { checkLogin } from './names.ts'
import { Pattern } from './pattern.ts'
import { PolicyError } from './policy-error.ts'
import { formatRole, parseRoleDocuments } from './role-document.ts'
import { arbitraryRoleSource, rolesOf } from './testing/role-source.ts'

const DEPLOYER = `kind: role
metadata:
  name: ci-deployer
  description: "CI/CD deploy pipeline SSH access"
spec:
  options:
    max_session_ttl: 1h
  allow:
    node_labels:
      env:
        - staging
        - production
    logins:
      - deploy
  deny:
    logins:
      - root
`

/** Every problem as it is printed, of a document that must be refused. */
function problemsOf(text: string): readonly string[] {
  try {
    parseRoleDocuments(text, 'role.yaml')
  } catch (error) {
    assert.ok(error instanceof PolicyError)
    assert.equal(error.code, 'invalid-document')
    assert.equal(error.message.split('\n').length, error.problems.length)
    return error.message.split('\n')
  }
  assert.fail('was accepted')
}

const edited = (from: string | RegExp, to: string) => {
  const text = DEPLOYER.replace(from, to)
  assert.notEqual(text, DEPLOYER)
  return text
}

const inOptions = (line: string) => edited('max_session_ttl: 1h', line)
const inLabels = (line: string) => edited(/env:\n.*\n.*\n/, `${line}\n`)

describe('parseRoleDocuments', () => {
  it('reads a role with every part', () => {
    assert.deepEqual(parseRoleDocuments(DEPLOYER, 'role.yaml'), [
      {
        name: 'ci-deployer',
        description: 'CI/CD deploy pipeline SSH access',
        options: {
          maxSessionTtlMs: 3_600_000,
          portForwarding: false,
          fileCopy: true,
          pty: true,
          sourceCidrs: [],
          forceCommand: undefined,
        },
        allow: {
          nodeLabels: compileSelector({ env: ['staging', 'production'] }),
          logins: ['deploy'],
        },
        deny: { nodeLabels: undefined, logins: [new Pattern('root', checkLogin)] },
      },
    ])
  })

  it('reads every option', () => {
    const text = inOptions(
      '{max_session_ttl: 7d, port_forwarding: true, file_copy: false, pty: false, source_cidrs: [10.0.0.0/8, "::/0"], force_command: "a \\"b\\""}',
    ).replace('options:\n   ', 'options:')
    assert.deepEqual(parseRoleDocuments(text, 'role.yaml')[0]?.options, {
      maxSessionTtlMs: 604_800_000,
      portForwarding: true,
      fileCopy: false,
      pty: false,
      sourceCidrs: ['10.0.0.0/8', '::/0'],
      forceCommand: 'a "b"',
    })
  })

  it('reads several documents in order and skips empty ones', () => {
    const second = edited('ci-deployer', 'other')
    const roles = parseRoleDocuments(
      `---\n${DEPLOYER}---\n# nothing\n---\n${second}---\n`,
      'role.yaml',
    )
    assert.deepEqual(
      roles.map(({ name }) => name),
      ['ci-deployer', 'other'],
    )
  })

  it('reads a few aliases', () => {
    const text = edited('- root', '- &who root\n      - *who')
    assert.equal(parseRoleDocuments(text, 'role.yaml')[0]?.deny.logins.length, 2)
  })

  const refused: readonly (readonly [string, string, ...(string | RegExp)[]])[] = [
    [
      'a number for a login',
      edited('- deploy', '- 5'),
      'role.yaml:14:9: spec.allow.logins[0]: expected a login name, got a number',
    ],
    [
      'a login in place of a list',
      edited(/logins:\n.*deploy/, 'logins: deploy'),
      'role.yaml:13:13: spec.allow.logins: expected a list of login names, got "deploy"',
    ],
    [
      'a text for a flag',
      inOptions('pty: yes'),
      'role.yaml:7:10: spec.options.pty: expected true or false, got "yes"',
    ],
    [
      'an unknown key near a known one',
      edited('allow:', 'alow:'),
      'role.yaml:8:3: spec.alow: unknown key, did you mean "allow"?',
    ],
    [
      'an unknown key near none',
      edited('kind:', 'apiVersion: v1\nkind:'),
      'role.yaml:1:1: apiVersion: unknown key',
    ],
    [
      'a key of another mapping',
      inOptions('logins: [a]'),
      'role.yaml:7:5: spec.options.logins: unknown key',
    ],
    [
      'the key __proto__',
      inLabels('__proto__: a'),
      'role.yaml:10:7: spec.allow.node_labels.__proto__: unknown key',
      /./,
    ],
    ['a missing part', edited('kind: role\n', ''), 'role.yaml:1:1: kind: missing, expected "role"'],
    [
      'an allow without labels',
      edited(/ {4}node_labels:\n.*\n.*\n.*\n/, ''),
      'role.yaml:9:5: spec.allow.node_labels: missing, expected a mapping of labels',
    ],
    [
      'another kind',
      edited('kind: role', 'kind: rule'),
      'role.yaml:1:7: kind: expected "role", got "rule"',
    ],
    [
      'a malformed name',
      edited('ci-deployer', 'CI'),
      /^role\.yaml:3:9: metadata\.name: "CI" can't be the name of a role \(use /,
    ],
    [
      'a control character',
      edited('CI/CD', '\\e[2J'),
      /^role\.yaml:4:16: metadata\.description: this can't be a description/,
    ],
    [
      'a life without unit',
      inOptions('max_session_ttl: 1 hour'),
      /^role\.yaml:7:22: spec\.options\.max_session_ttl: "1 hour" is not a duration/,
    ],
    [
      'a life that is too long',
      inOptions('max_session_ttl: 8d'),
      'role.yaml:7:22: spec.options.max_session_ttl: "8d" is not between 1m and 7d',
    ],
    [
      'a bad network',
      inOptions('source_cidrs: [10.0.0.1/8]'),
      'role.yaml:7:20: spec.options.source_cidrs[0]: "10.0.0.1/8" is not a network (write 10.0.0.0/8)',
    ],
    [
      'no network',
      inOptions('source_cidrs: []'),
      'role.yaml:7:19: spec.options.source_cidrs: the list of networks is empty',
    ],
    [
      'a command of two lines',
      inOptions('force_command: "a\\nb"'),
      /^role\.yaml:7:20: spec\.options\.force_command: a command is one line/,
    ],
    [
      'a bad expression',
      edited('- staging', '- ^(a$'),
      /^role\.yaml:11:11: spec\.allow\.node_labels\.env\[0\]: "\^\(a\$" is not a regular expression: missing closing \)/,
    ],
    [
      'a glob for a label',
      inLabels('env: prod-*'),
      /^role\.yaml:10:12: spec\.allow\.node_labels\.env: "prod-\*" can't be the value of a label/,
    ],
    [
      'a number for a label',
      inLabels('a.b: 5'),
      'role.yaml:10:12: spec.allow.node_labels["a.b"]: expected a label value, got a number',
    ],
    [
      'a malformed label key',
      inLabels('-a: b'),
      /^role\.yaml:10:7: spec\.allow\.node_labels\.-a: "-a" can't be the key of a label/,
    ],
    [
      'every key with some value',
      inLabels('"*": prod'),
      /^role\.yaml:10:7: spec\.allow\.node_labels: the key "\*" takes only the value "\*"/,
    ],
    [
      'an empty selector',
      edited(/node_labels:\n.*\n.*\n.*\n/, 'node_labels: {}\n'),
      /^role\.yaml:9:18: spec\.allow\.node_labels: a selector names at least one label/,
    ],
    [
      'a wildcard in allow',
      edited('- deploy', '- "*"'),
      /^role\.yaml:14:9: spec\.allow\.logins\[0\]: "\*" can't be a login \(certificates carry literal logins/,
    ],
    [
      'an expression in allow',
      edited('- deploy', '- ^d.*$'),
      /^role\.yaml:14:9: spec\.allow\.logins\[0\]: .*literal logins/,
    ],
    [
      'the principal of a bot',
      edited('- deploy', '- bot:other'),
      /^role\.yaml:14:9: spec\.allow\.logins\[0\]: .*"bot:" is kept/,
    ],
    [
      'a duplicate key',
      edited('  deny:', '  options: {}\n  deny:'),
      'role.yaml:15:3: spec.options: duplicate key',
    ],
    [
      'a tab',
      edited('  options:\n    max', '  options:\n\tmax'),
      /^role\.yaml:7:1: spec\.options: Tabs are not allowed/,
      /./,
      /./,
      /./,
    ],
    ['a list', '- kind: role\n', 'role.yaml:1:1: expected a mapping, got a list'],
    ['a text', 'role', 'role.yaml:1:1: expected a mapping, got "role"'],
    ['nothing', '# nothing\n---\n', 'role.yaml:1:1: no role in this file'],
    [
      'an unknown tag',
      edited('kind: role', 'kind: !!binary aGk='),
      'role.yaml:1:7: kind: Unresolved tag: tag:yaml.org,2002:binary',
    ],
    [
      'more than a list holds',
      edited('- deploy', `${'- a\n      '.repeat(256)}- deploy`),
      'role.yaml:14:7: spec.allow.logins: more than 256 login names',
    ],
    [
      'an alias without anchor',
      edited('- root', '- *who'),
      'role.yaml:17:9: spec.deny.logins[0]: no anchor &who before',
    ],
    [
      'a circle',
      edited('- root', '- &a [*a]'),
      'role.yaml:17:12: spec.deny.logins[0]: expected a login name, got a list',
    ],
    [
      'many aliases',
      edited('- root', `- &a root\n${'      - *a\n'.repeat(33)}`),
      'role.yaml:50:9: spec.deny.logins[33]: more than 32 aliases',
    ],
    [
      'an alias bomb',
      edited('- root', `- [${bomb(8, 4)}]`),
      /^role\.yaml:17:\d+: spec\.deny\.logins\[0\]\[8\]\[3\]: Excessive alias count/,
    ],
    [
      'deep nesting',
      `${'['.repeat(30_000)}${']'.repeat(30_000)}`,
      /^role\.yaml:1:17: (\[0\]){16}: nested too deeply$/,
    ],
    [
      'a large file',
      `${DEPLOYER}#${' '.repeat(64 * 1_024 - DEPLOYER.length)}`,
      'role.yaml:1:1: larger than 65536 bytes',
    ],
    [
      'the same role twice',
      `${DEPLOYER}---\n${DEPLOYER}`,
      'role.yaml:21:9: metadata.name: a second role "ci-deployer" in this file',
    ],
  ]
  for (const [what, text, ...expected] of refused) {
    it(`refuses ${what}`, () => {
      const problems = problemsOf(text)
      for (const [i, one] of expected.entries()) {
        if (typeof one === 'string') assert.equal(problems[i], one)
        else assert.match(problems[i] ?? '', one)
      }
      assert.equal(problems.length, expected.length, problems.join('\n'))
    })
  }

  it('lists the problems of all documents, in the order of the file', () => {
    const text = `${edited('- root', '- 5').replace('1h', '1').replace('- 5', '- 5\nkind: x')}---\nspec: {}\nkind: role\n`
    assert.deepEqual(
      problemsOf(text).map((problem) => problem.split(' ').slice(0, 2).join(' ')),
      [
        'role.yaml:7:22: spec.options.max_session_ttl:',
        'role.yaml:17:9: spec.deny.logins[0]:',
        'role.yaml:18:1: kind:',
        'role.yaml:18:7: kind:',
        'role.yaml:20:1: metadata:',
      ],
    )
  })

  it('prints no control character of the text', () => {
    const [problem] = problemsOf(inOptions('max_session_ttl: "\\e[2J"'))
    assert.match(
      problem ?? '',
      /^role\.yaml:7:22: spec\.options\.max_session_ttl: " \[2J" is not a duration/,
    )
  })

  it('throws nothing but a PolicyError, whatever the text', () => {
    const pieces = DEPLOYER.split(/(?<=\s)/)
    const noise = fc.constantFrom(
      '&a ',
      '*a ',
      '? ',
      '- ',
      ': ',
      '{',
      ']',
      '\t',
      '"',
      '!x ',
      '%YAML 1.1\n',
      '<<: ',
      '|\n',
      '\u0000',
    )
    const text = fc.array(fc.oneof(fc.constantFrom(...pieces), noise), { maxLength: 30 })
    fc.assert(
      fc.property(text, (parts) => {
        try {
          parseRoleDocuments(parts.join(''), 'role.yaml')
        } catch (error) {
          assert.ok(error instanceof PolicyError, String(error))
          assert.ok(error.problems.every(({ line, column }) => line > 0 && column > 0))
        }
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('formatRole', () => {
  it('writes the canonical document', () => {
    const [role] = parseRoleDocuments(DEPLOYER, 'role.yaml')
    assert.ok(role)
    assert.equal(formatRole(role), DEPLOYER.replaceAll('"', ''))
  })

  it('writes what is read back as the same role', () => {
    fc.assert(
      fc.property(
        arbitraryRoleSource,
        fc.string({ unit: 'grapheme', maxLength: 80 }),
        (source, description) => {
          fc.pre(!/[\p{C}\p{Zl}\p{Zp}]/u.test(description))
          for (const role of rolesOf(source).map((one) => ({ ...one, description }))) {
            const text = formatRole(role)
            assert.deepEqual(parseRoleDocuments(text, 'role.yaml'), [role])
          }
        },
      ),
      { numRuns: 1_000 },
    )
  })

  it('quotes what YAML would take for something else', () => {
    const [role] = rolesOf({
      allow: { node_labels: { '1': 'yes', on: ['null', '5', '~', ''] }, logins: ['true'] },
    })
    assert.ok(role)
    assert.deepEqual(parseRoleDocuments(formatRole(role), 'role.yaml'), [role])
    assert.match(formatRole(role), /"yes"/, 'for readers of YAML 1.1 too')
  })
})

/** Anchored lists, each of `width` aliases of the one before. */
function bomb(depth: number, width: number): string {
  const levels = Array.from({ length: depth }, (_, i) => {
    return `&a${i + 1} [${Array.from({ length: width }, () => `*a${i}`).join(',')}]`
  })
  return ['&a0 [x]', ...levels].join(', ')
}
