import { Pattern } from './pattern.ts'
import { PolicyError } from './policy-error.ts'

/** The labels of one node. */
export type Labels = Readonly<Record<string, string>>

/** A selector as it is written: for each key a value, or a list of which any may match. */
export type SelectorSource = Readonly<Record<string, string | readonly string[]>>

/**
 * A selector ready to match. Every rule must be met; a selector without rules is the one written
 * `"*": "*"`, which holds for every node. Only `createSelector` and `compileSelector` make one.
 */
export interface Selector {
  readonly rules: readonly { readonly key: string; readonly patterns: readonly Pattern[] }[]
}

/** The key, and the value, that stand for everything. */
export const ANY = '*'

const KEY = /^[a-zA-Z0-9](?:[a-zA-Z0-9._/-]{0,61}[a-zA-Z0-9])?$/

/**
 * Printable text without the characters that make an expression. So a value on a node is always a
 * literal in a selector, and an expression that lacks its ^ is refused instead of never matching.
 */
const VALUE = /^[^\p{C}\p{Zl}\p{Zp}*?^$|()[\]{}\\]{0,255}$/u

/** Returns the key as it is. @throws PolicyError `malformed-label` */
export function checkLabelKey(text: string): string {
  if (KEY.test(text)) return text
  throw new PolicyError('malformed-label', `${JSON.stringify(text)} can't be the key of a label`, {
    hint: 'use 1 to 63 of a-z A-Z 0-9 . _ / -, with a letter or digit at both ends',
  })
}

/** Returns the value as it is. @throws PolicyError `malformed-label` */
export function checkLabelValue(text: string): string {
  if (VALUE.test(text)) return text
  throw new PolicyError(
    'malformed-label',
    `${JSON.stringify(text)} can't be the value of a label`,
    {
      hint: 'use up to 255 printable characters without * ? ^ $ | ( ) [ ] { } \\; a regular expression is written ^...$',
    },
  )
}

/** One value of a selector. @throws PolicyError `malformed-pattern`, `malformed-label` */
export function compileLabelPattern(text: string): Pattern {
  return new Pattern(text, checkLabelValue)
}

/**
 * @throws PolicyError `malformed-selector` for an empty one, which could be read as "every node" as
 *   well as "none"; `malformed-label`, `malformed-pattern`
 */
export function compileSelector(source: SelectorSource): Selector {
  return createSelector(
    Object.entries(source).map(([key, values]) => [key, [values].flat().map(compileLabelPattern)]),
  )
}

/** The same, from patterns. @throws PolicyError `malformed-selector`, `malformed-label` */
export function createSelector(
  entries: readonly (readonly [string, readonly Pattern[]])[],
): Selector {
  if (entries.length === 0) {
    throw malformed('a selector names at least one label', 'write "*": "*" for every node')
  }
  const rules = entries.flatMap(([key, patterns]) => {
    if (patterns.length === 0)
      throw malformed(`no value for the label ${JSON.stringify(key)}`, 'write "*" for any')
    if (key !== ANY) return [{ key: checkLabelKey(key), patterns }]
    if (patterns.every(({ text }) => text === ANY)) return []
    throw malformed('the key "*" takes only the value "*"', 'name the label that has these values')
  })
  return { rules: rules.sort((a, b) => (a.key < b.key ? -1 : 1)) }
}

/**
 * Tells whether every rule of the selector is met. A node that lacks a label meets no rule on it,
 * not even `env: "*"`; only `"*": "*"` needs no label at all.
 */
export function matchesLabels({ rules }: Selector, labels: Labels): boolean {
  return rules.every(({ key, patterns }) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined
    return value !== undefined && patterns.some((pattern) => pattern.matches(value))
  })
}

export function matchesEveryNode({ rules }: Selector): boolean {
  return rules.length === 0
}

/** The source that `compileSelector` reads back to the same selector. */
export function selectorSource({ rules }: Selector): SelectorSource {
  if (rules.length === 0) return { [ANY]: ANY }
  return Object.fromEntries(
    rules.map(({ key, patterns }) => {
      const texts = patterns.map(({ text }) => text)
      return [key, texts.length === 1 ? texts.join() : texts]
    }),
  )
}

function malformed(message: string, hint: string): PolicyError {
  return new PolicyError('malformed-selector', message, { hint })
}
