/** `--format text|json`, and the JSON that scripts rely on. */
import { withDefault } from '../base/parameter.ts'
import { choice } from '../base/value-kind.ts'

export const formatParameter = {
  format: withDefault(choice('text', 'json'), 'text', {
    help: 'print for people, or JSON for scripts',
    group: 'Output:',
  }),
}

export type OutputFormat = 'text' | 'json'

/**
 * JSON with one value on each line and a line end. Keys are snake_case and only ever added; times
 * are RFC 3339, durations as `1h30m`, certificates' serial numbers decimal strings.
 */
export function formatJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}
