import { MeziteError, messageOf } from '../base/errors.ts'
import { redactForms } from '../base/redact.ts'
import type { OutputFormat } from './output-format.ts'
import { printable } from './printable.ts'

/**
 * An error as it goes to standard error: `error:` and `hint:` lines, or one JSON document
 * `{"error":{"code","message","hint"}}`.
 */
export function formatError(error: unknown, format: OutputFormat): string {
  const { message, hint, ...codes } = describe(error)
  const shown =
    format === 'json'
      ? `${JSON.stringify({ error: { ...codes, message, hint } })}\n`
      : `${lines('error: ', message)}${hint === undefined ? '' : lines('hint: ', hint)}`
  return redactForms(shown)
}

interface Description {
  readonly code: string
  readonly message: string
  readonly hint: string | undefined
  /** Of the audit event that is wrong. */
  readonly sequence?: number
}

function describe(error: unknown): Description {
  if (error instanceof MeziteError) {
    const { code, message, hint } = error
    const refusal = 'hubCode' in error && typeof error.hubCode === 'string' ? error.hubCode : code
    const of =
      'sequence' in error && typeof error.sequence === 'number' ? error.sequence : undefined
    return { code: refusal, ...(of !== undefined && { sequence: of }), message, hint }
  }
  return {
    code: 'internal',
    message: `internal failure: ${messageOf(error)}`,
    hint: 'this is a defect; MEZITE_DEBUG=1 prints where it happened',
  }
}

/** The stacks of an error and of those that led to it. */
export function formatStacks(error: unknown): string {
  const stacks: string[] = []
  for (let at = error; at !== undefined && stacks.length < 8; ) {
    stacks.push(at instanceof Error ? (at.stack ?? at.message) : String(at))
    at = at instanceof Error ? at.cause : undefined
  }
  return redactForms(`${stacks.join('\ncaused by: ')}\n`)
}

function lines(label: string, text: string): string {
  const indent = ' '.repeat(label.length)
  return text
    .split('\n')
    .map((line, i) => `${i === 0 ? label : indent}${printable(line)}\n`)
    .join('')
}
