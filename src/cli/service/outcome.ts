import { MeziteError } from '../../base/errors.ts'

/** `success`, or the code of the error: the hub's own where it has refused. A label of metrics. */
export function outcomeOf(error: unknown): string {
  if (error === undefined) return 'success'
  if (!(error instanceof MeziteError)) return 'internal'
  const refusal = 'hubCode' in error ? error.hubCode : undefined
  const code = typeof refusal === 'string' ? refusal : error.code
  return /^[a-z-]{1,40}$/.test(code) ? code : 'unknown'
}
