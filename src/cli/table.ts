import type { Output } from './invocation.ts'
import { printable } from './printable.ts'

export interface Column<Row> {
  readonly header: string
  readonly cell: (row: Row) => string
}

/** Aligned columns under a header; the header is bold on a terminal. An empty cell shows as `-`. */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  options: { readonly bold: boolean } = { bold: false },
): string {
  const cells = rows.map((row) => columns.map(({ cell }) => printable(cell(row)) || '-'))
  const headers = columns.map(({ header }) => header)
  const widths = headers.map((header, i) =>
    Math.max(header.length, ...cells.map((row) => row[i]?.length ?? 0)),
  )
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('   ')
      .trimEnd()
  const head = line(headers)
  return [options.bold ? `\u001b[1m${head}\u001b[22m` : head, ...cells.map(line), ''].join('\n')
}

/** Lines of `label: value` with the values aligned; entries without a value are left out. */
export function formatDetails(entries: readonly (readonly [string, string | undefined])[]): string {
  const width = Math.max(...entries.map(([label]) => label.length))
  return entries
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([label, value = '']) => `${`${label}:`.padEnd(width + 2)}${printable(value)}\n`)
    .join('')
}

/** Whether to use bold type there. See no-color.org. */
export function hasStyles(
  output: Output,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  return output.isTerminal && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
}
