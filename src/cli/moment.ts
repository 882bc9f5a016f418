import { parseDuration } from '../base/duration.ts'
import { ValueError, type ValueKind } from '../base/value-kind.ts'

/** A point in time as written: absolute, or so long ago. Milliseconds. */
export type Moment =
  | { readonly kind: 'at'; readonly time: number }
  | { readonly kind: 'ago'; readonly duration: number }

/** RFC 3339, section 5.6. */
const RFC3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/

/** `2026-03-24T15:00:00Z`, or `1h` for an hour ago. */
export const moment: ValueKind<Moment> = {
  placeholder: 'TIME',
  many: false,
  completion: 'nothing',
  parse([text = '']) {
    if (!/^\d{4}-/.test(text)) return { kind: 'ago', duration: parseDuration(text) }
    const time = RFC3339.test(text) ? Date.parse(text) : Number.NaN
    if (!Number.isNaN(time)) return { kind: 'at', time }
    throw new ValueError('malformed', `"${text}" is not a point in time`, {
      hint: 'write 2026-03-24T15:00:00Z, or 1h for an hour ago',
    })
  },
}

export function timeOf(moment: Moment, now: number): number {
  return moment.kind === 'at' ? moment.time : now - moment.duration
}
