import { type ErrorDetails, MeziteError } from '../base/errors.ts'

export type PolicyErrorCode =
  | 'invalid-document'
  | 'malformed-name'
  | 'malformed-label'
  | 'malformed-pattern'
  | 'malformed-selector'
  | 'malformed-option'
  | 'too-many-principals'

/** One fault of a document: where it stands (line and column count from 1) and at which key. */
export interface Problem {
  readonly file: string
  readonly line: number
  readonly column: number
  /** The key path, `spec.allow.logins[0]`; empty when the fault is of the whole file. */
  readonly path: string
  readonly message: string
}

/** `problems` is filled for `invalid-document` only, in the order of the file. */
export class PolicyError extends MeziteError<PolicyErrorCode> {
  readonly problems: readonly Problem[]

  constructor(
    code: PolicyErrorCode,
    message: string,
    details: ErrorDetails & { readonly problems?: readonly Problem[] } = {},
  ) {
    super(code, message, details)
    this.problems = details.problems ?? []
  }
}

/** `role.yaml:9:7: spec.allow.logins[0]: expected a login name, got a number` */
export function formatProblem({ file, line, column, path, message }: Problem): string {
  return `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`
}
