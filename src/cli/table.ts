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
  options: TableOptions = { bold: false },
): string {
  return growingTable(columns, options)(rows)
}

interface TableOptions {
  readonly bold: boolean
}

/**
 * The same for rows that come part by part: the first part with the header above it, each aligned
 * with what stands there already.
 */
export function growingTable<Row>(
  columns: readonly Column<Row>[],
  { bold }: TableOptions = { bold: false },
): (rows: readonly Row[]) => string {
  const headers = columns.map(({ header }) => header)
  let widths = headers.map((header) => header.length)
  let isFirst = true
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('   ')
      .trimEnd()
  return (rows) => {
    const cells = rows.map((row) => columns.map(({ cell }) => printable(cell(row)) || '-'))
    widths = widths.map((width, i) => Math.max(width, ...cells.map((row) => row[i]?.length ?? 0)))
    const head = line(headers)
    const shown = bold ? `\u001b[1m${head}\u001b[22m` : head
    const lines = isFirst ? [shown, ...cells.map(line)] : cells.map(line)
    isFirst = false
    return lines.map((each) => `${each}\n`).join('')
  }
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
