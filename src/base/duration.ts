import { MeziteError } from './errors.ts'

export class DurationError extends MeziteError<'malformed'> {}

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

const LONGEST = 100 * 365 * 86_400_000

/**
 * Reads `30m`, `1h30m`, `90s`, `7d`: one or more whole numbers, each with its unit, largest unit
 * first, no unit twice. Returns milliseconds.
 *
 * @throws DurationError `malformed`
 */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d{1,9})(ms|s|m|h|d)/gy)]
  const matched = parts.reduce((length, [part]) => length + part.length, 0)
  let total = 0
  let previous = Number.POSITIVE_INFINITY
  for (const [, count = '', unit = ''] of parts) {
    const size = UNITS[unit] ?? 0
    if (size >= previous) throw malformed(text)
    previous = size
    total += Number(count) * size
  }
  if (parts.length === 0 || matched !== text.length || total > LONGEST) throw malformed(text)
  return total
}

function malformed(text: string): DurationError {
  return new DurationError('malformed', `"${text}" is not a duration`, {
    hint: 'write a whole number and a unit: 90s, 30m, 1h, 1h30m, 7d',
  })
}

/** The shortest text that `parseDuration` reads back to the same value: `1h30m`, `0s`. */
export function formatDuration(milliseconds: number): string {
  let left = Math.round(milliseconds)
  let text = ''
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const size = UNITS[unit] ?? 1
    const count = Math.floor(left / size)
    if (count > 0) text += `${count}${unit}`
    left -= count * size
  }
  return text || '0s'
}
