/** What a row of the table is: a figure, its worst run beside what was promised. */
import { type Column, formatTable } from '../../src/cli/table.ts'

export interface Row {
  readonly what: string
  readonly unit: 'ms' | 'MB' | '%'
  readonly runs: readonly number[]
  /** What was promised; undefined where nothing was. */
  readonly limit: number | undefined
  readonly note: string | undefined
}

export function rowOf(row: Omit<Row, 'limit' | 'note'> & Partial<Row>): Row {
  return { limit: undefined, note: undefined, ...row }
}

export function worstOf({ runs }: Row): number {
  return Math.max(...runs)
}

export function ratioOf(row: Row): number | undefined {
  return row.limit === undefined ? undefined : worstOf(row) / row.limit
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

const COLUMNS: readonly Column<Row>[] = [
  { header: 'WHAT', cell: ({ what }) => what },
  { header: 'MEDIAN', cell: ({ runs, unit }) => formatFigure(quantile(runs, 0.5), unit) },
  { header: 'WORST', cell: (row) => formatFigure(worstOf(row), row.unit) },
  { header: 'LIMIT', cell: ({ limit, unit }) => (limit ? formatFigure(limit, unit) : '') },
  { header: 'RATIO', cell: (row) => ratioOf(row)?.toFixed(2) ?? '' },
  { header: 'VERDICT', cell: (row) => verdict(ratioOf(row)) },
]

/** The table of all rows, with what is to be said of some under it. */
export function formatRows(rows: readonly Row[]): string {
  const notes = rows.flatMap(({ what, note }) => (note === undefined ? [] : [`${what}: ${note}\n`]))
  return [formatTable(COLUMNS, rows), ...notes].join('')
}

function verdict(ratio: number | undefined): string {
  if (ratio === undefined) return ''
  return ratio <= 1 ? 'within' : 'over'
}

function formatFigure(value: number, unit: Row['unit']): string {
  return `${value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${unit}`
}
