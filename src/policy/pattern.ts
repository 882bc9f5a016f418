import { RE2JS } from 're2js'
import { messageOf } from '../base/errors.ts'
import { PolicyError } from './policy-error.ts'

/** Characters in the text of one pattern. */
const LONGEST = 256

/** Instructions of one compiled expression: bounds the memory and the time of a match. */
const LARGEST_PROGRAM = 2_000

/**
 * What one text is held against: `*` (any text), a regular expression `^…$`, or the text itself.
 *
 * An expression is RE2's, so its time grows with the length of the input whatever is written in
 * it, and it must match the whole text: `^a|b$` matches `a` and `b`, not `ab`.
 */
export class Pattern {
  readonly text: string
  readonly #expression: RE2JS | undefined
  /** The last value and its verdict: one node is held against the roles of every bot in turn. */
  #last: { readonly value: string; readonly matched: boolean } | undefined

  /**
   * `checkLiteral` throws for a literal that could never match, so that a misspelt expression in a
   * deny rule is an error and not a hole.
   *
   * @throws PolicyError `malformed-pattern`, or what `checkLiteral` throws
   */
  constructor(text: string, checkLiteral: (text: string) => string) {
    this.text = text
    if (text.startsWith('^')) this.#expression = compileExpression(text)
    else if (text !== '*') checkLiteral(text)
  }

  matches(value: string): boolean {
    if (this.#expression === undefined) return this.text === '*' || this.text === value
    if (this.#last?.value !== value) {
      this.#last = { value, matched: this.#expression.testExact(value) }
    }
    return this.#last.matched
  }
}

function compileExpression(text: string): RE2JS {
  if (text.length === 1 || !text.endsWith('$')) {
    throw malformed(text, 'it begins with ^ but does not end with $')
  }
  if (text.length > LONGEST) throw malformed(text, `it is longer than ${LONGEST} characters`)
  const expression = compileRe2(text)
  if (expression.programSize() <= LARGEST_PROGRAM) return expression
  throw malformed(text, 'its repetitions are too large')
}

function compileRe2(text: string): RE2JS {
  try {
    return RE2JS.compile(text)
  } catch (error) {
    throw malformed(text, messageOf(error).replace('error parsing regexp: ', ''), error)
  }
}

function malformed(text: string, reason: string, cause?: unknown): PolicyError {
  const shown = text.length > LONGEST ? `${text.slice(0, 32)}…` : text
  return new PolicyError(
    'malformed-pattern',
    `${JSON.stringify(shown)} is not a regular expression: ${reason}`,
    {
      hint: 'write ^...$ in the syntax of RE2, which has no look-around and no back-references',
      cause,
    },
  )
}
