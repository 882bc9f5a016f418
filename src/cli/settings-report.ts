import { formatJson, type OutputFormat } from './output-format.ts'
import { formatDetails } from './table.ts'

/** What a `config check` says of settings that are good, by their keys in JSON. */
export function settingsReport(
  settings: Readonly<Record<string, string | number | boolean>>,
  format: OutputFormat,
): string {
  if (format === 'json') return formatJson({ valid: true, settings })
  const details = Object.entries(settings).map(
    ([key, value]) => [key.replaceAll('_', '-'), String(value)] as const,
  )
  return `The settings are good.\n\n${formatDetails(details)}`
}
