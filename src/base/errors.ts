/**
 * The root of every error that Mezite throws on purpose.
 *
 * Each layer has one subclass with a closed union of codes. `message` says what is wrong and names
 * the thing; `hint` says what the reader can do about it and is printed on a line of its own.
 * Neither ever holds a secret.
 */
export class MeziteError<Code extends string = string> extends Error {
  readonly code: Code
  readonly hint: string | undefined

  constructor(code: Code, message: string, options: ErrorDetails = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.hint = options.hint
  }
}

/** What may accompany an error: the operator's next step, and the error that led to it. */
export interface ErrorDetails {
  readonly hint?: string | undefined
  readonly cause?: unknown
}

/** The `code` of a Node system error (`ENOENT`, `EACCES`, …), or undefined for anything else. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
