import assert from 'node:assert/strict'
import { compileLabelPattern } from '../../../src/policy/labels.ts'
import { PolicyError } from '../../../src/policy/policy-error.ts'
import { TEXT_MUTATIONS } from '../engine/mutate.ts'
import { type FuzzTarget, textOf, unlessRefused } from '../engine/target.ts'

const VALUES = [
  '',
  'a',
  'a'.repeat(255),
  `${'ab'.repeat(127)}!`,
  'äöü'.repeat(80),
  'x\u0301'.repeat(99),
]

/** A label's pattern: compiled and held against a value in bounded time, as JavaScript would. */
export const pattern: FuzzTarget = {
  name: 'pattern',
  largest: 512,
  words: [
    ...['^', '$', '.*', '(a+)+', '(?:', '(?i)', '|', '[^', '\\p{L}', '\\d', '{1,1000}', '{9}{9}'],
    ...['(?P<n>', '[[:alpha:]]', '\\Q', '\\E', '\\b', '\\x{10FFFF}', '\\C', '(?s:', '*?', '\\pN'],
  ],
  mutations: TEXT_MUTATIONS,
  seeds: async () =>
    [
      '*',
      'staging',
      '^prod(uction)?$',
      '^(a|b)+c{2,5}$',
      '^[^a-f]*\\d$',
      '^(?i:web)-[0-9]{1,3}$',
    ].map((text) => Buffer.from(text)),
  run(input) {
    const text = textOf(input)
    const compiled = unlessRefused(() => compileLabelPattern(text), PolicyError)
    if (compiled === undefined) return 'refused'
    const matched = VALUES.map((value) => compiled.matches(value))
    // The plainest of expressions mean the same to everyone.
    if (/^\^[a-z0-9.*+?()|-]*\$$/.test(text) && !/[*+?]{2}|\(\?/.test(text)) {
      const expression = unlessRefused(() => new RegExp(`^(?:${text.slice(1, -1)})$`), SyntaxError)
      const short = (expression ? VALUES : []).filter((value) => value.length < 2)
      for (const [i, value] of short.entries()) {
        assert.equal(matched[i], expression?.test(value), `${text} and ${JSON.stringify(value)}`)
      }
    }
    return 'accepted'
  },
}
