import { parseDuration } from '../../../base/duration.ts'
import type { ValueKind } from '../../../base/value-kind.ts'
import { DEFAULT_STRICT_MS } from '../../../node/parameters.ts'

/** `--strict`, `--strict=30m`; in a file also `true` and `false`. Milliseconds; undefined: not strict. */
export const strictness: ValueKind<number | undefined> = {
  placeholder: 'DURATION',
  alone: 'true',
  many: false,
  completion: 'nothing',
  parse([text = '']) {
    if (text === 'false') return undefined
    return text === 'true' ? DEFAULT_STRICT_MS : parseDuration(text)
  },
}
