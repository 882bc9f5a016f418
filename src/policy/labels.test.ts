import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  checkLabelKey,
  checkLabelValue,
  compileSelector,
  type Labels,
  matchesEveryNode,
  matchesLabels,
  type SelectorSource,
  selectorSource,
} from './labels.ts'

const matches = (source: SelectorSource, labels: Labels) =>
  matchesLabels(compileSelector(source), labels)

describe('selectors', () => {
  it('need every key, and any value of each', () => {
    const source = { env: ['staging', 'prod'], tier: 'web' }
    assert.equal(matches(source, { env: 'prod', tier: 'web', more: 'x' }), true)
    assert.equal(matches(source, { env: 'prod' }), false)
    assert.equal(matches(source, { env: 'dev', tier: 'web' }), false)
  })

  it('match any value with *, but not a missing label', () => {
    assert.equal(matches({ env: '*' }, { env: '' }), true)
    assert.equal(matches({ env: '*' }, {}), false)
    assert.equal(matches({ '*': '*' }, {}), true)
    assert.equal(matches({ '*': '*', env: 'prod' }, { env: 'dev' }), false)
  })

  it('know whether they match every node', () => {
    assert.equal(matchesEveryNode(compileSelector({ '*': '*' })), true)
    assert.equal(matchesEveryNode(compileSelector({ '*': '*', env: '*' })), false)
  })

  it('match an expression against the whole value', () => {
    assert.equal(matches({ env: '^prod-[a-z]+$' }, { env: 'prod-eu' }), true)
    assert.equal(matches({ env: '^a|b$' }, { env: 'b' }), true)
    assert.equal(matches({ env: '^a|b$' }, { env: 'axxx' }), false)
    assert.equal(matches({ env: '^a|b$' }, { env: 'xxxb' }), false)
    assert.equal(matches({ env: '^(?m)a$' }, { env: 'a\nb' }), false)
  })

  it('give the same verdict when values alternate', () => {
    const selector = compileSelector({ env: '^a+$' })
    const verdicts = ['a', 'b', 'a', 'a', 'b'].map((env) => matchesLabels(selector, { env }))
    assert.deepEqual(verdicts, [true, false, true, true, false])
  })

  it('see own labels only', () => {
    assert.equal(matches({ constructor: '*' }, {}), false)
    assert.equal(matches({ toString: '*' }, { toString: 'x' }), true)
  })

  it('are matched in time linear in the value, whatever the expression', () => {
    // A backtracking engine takes 2^n steps for each of these.
    const value = `${'a'.repeat(50_000)}!`
    for (const text of ['^(a+)+$', '^(a|aa)+$', '^(a|a)*$', '^(.*a){20}b$']) {
      assert.equal(matches({ env: text }, { env: value }), false, text)
    }
  })

  it('refuse an expression that is malformed or too large', () => {
    const refused = [
      '^',
      '^a',
      '^(a$',
      '^a(?=b)$',
      '^(a)\\1$',
      '^((a{100}){100}){100}$',
      '^(a{0,50}){0,50}$',
      '^(?:x{0,500}){2}$',
      `^${'a'.repeat(255)}$`,
    ]
    for (const text of refused) {
      assert.throws(() => compileSelector({ env: text }), { code: 'malformed-pattern' }, text)
    }
    assert.throws(() => compileSelector({ env: '^(a$' }), /"\^\(a\$" .* missing closing \)/)
  })

  it('refuse a literal that no node can have', () => {
    for (const text of [
      'prod-*',
      'prod$',
      'a|b',
      '[ab]',
      '(a)',
      'a\nb',
      '\u202e',
      'a'.repeat(256),
    ]) {
      assert.throws(() => compileSelector({ env: text }), { code: 'malformed-label' }, text)
      assert.throws(() => checkLabelValue(text), { code: 'malformed-label' })
    }
    assert.equal(checkLabelValue('Zürich, row 5: a/b=c'), 'Zürich, row 5: a/b=c')
  })

  it('refuse what could be read as every node or as none', () => {
    for (const source of [{}, { env: [] }, { '*': 'prod' }, { '*': ['*', 'prod'] }]) {
      assert.throws(() => compileSelector(source), { code: 'malformed-selector' })
    }
  })

  it('refuse malformed keys', () => {
    for (const key of ['', '_a', 'a b', '-a', 'a-', 'a'.repeat(64), 'é', 'a*']) {
      assert.throws(() => compileSelector({ [key]: 'x' }), { code: 'malformed-label' }, key)
    }
    assert.equal(checkLabelKey('kubernetes.io/os'), 'kubernetes.io/os')
  })

  it('tell their source', () => {
    for (const source of [{ '*': '*' }, { a: 'x', b: ['y', '^z$'] }]) {
      assert.deepEqual(selectorSource(compileSelector(source)), source)
    }
  })
})
