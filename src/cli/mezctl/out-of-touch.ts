/** A hub that is being started anew, is overloaded, or can't be reached for a while. */
import { MeziteError } from '../../base/errors.ts'
import { printable } from '../printable.ts'

const PASSING: ReadonlySet<string> = new Set([
  'unreachable',
  'unavailable',
  'stream-overrun',
  'busy',
])

export function isPassing(error: unknown): boolean {
  if (!(error instanceof MeziteError)) return false
  const code = 'hubCode' in error && typeof error.hubCode === 'string' ? error.hubCode : error.code
  return PASSING.has(code) || error.code === 'no-hub'
}

export function reasonOf(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error))
}
