import { type Column, formatTable } from '../../src/cli/table.ts'
import type { Sample } from '../measure/sample.ts'
import { type Budget, isWithin, type Row, type Unit } from '../row.ts'

const COLUMNS: readonly Column<Row>[] = [
  { header: 'WHAT', cell: ({ what }) => what },
  { header: 'MEASURED', cell: ({ measured, unit }) => formatSample(measured, unit) },
  { header: 'LIMIT', cell: ({ limit, unit }) => formatSample(limit, unit) },
  { header: 'RATIO', cell: ({ ratio }) => formatRatio(ratio) },
  { header: 'BEST RUNS', cell: ({ bestRatio }) => bestRatio.toFixed(2) },
  { header: 'BUDGET', cell: ({ budget }) => (budget === undefined ? '' : formatBudget(budget)) },
  { header: 'VERDICT', cell: (row) => VERDICTS[String(isWithin(row))] ?? '' },
  { header: 'LIMIT IS', cell: ({ against }) => against },
]

const VERDICTS: Readonly<Record<string, string>> = { true: 'within', false: 'over' }

/** The table of all rows, with what is to be said of some under it. */
export function formatRows(rows: readonly Row[]): string {
  const notes = rows.flatMap(({ what, note }) => (note === undefined ? [] : [`${what}: ${note}`]))
  return [formatTable(COLUMNS, rows), ...notes.map((note) => `${note}\n`)].join('')
}

function formatSample({ median, spread }: Sample, unit: Unit): string {
  return `${formatNumber(median)} ${unit} ${formatSpread(spread)}`
}

function formatRatio({ median, spread }: Sample): string {
  return `${median.toFixed(2)} ${formatSpread(spread)}`
}

function formatSpread(spread: number): string {
  return `±${formatPercent(spread)}`
}

export function formatPercent(share: number): string {
  return `${Math.round(share * 100)} %`
}

function formatNumber(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1)
}

function formatBudget(budget: Budget): string {
  return 'atLeast' in budget ? `>= ${budget.atLeast}` : `<= ${budget.atMost}`
}
