/** What a row of the table is. Each stands beside a limit that was measured in the same run. */
import { ratioOf, type Sample, sampleOf } from './measure/sample.ts'

export type Unit = '/s' | 'us' | 'ms' | 'MB'

/** What the ratio of a figure to its limit has to be. */
export type Budget = { readonly atLeast: number } | { readonly atMost: number }

export interface Row {
  readonly what: string
  readonly unit: Unit
  readonly measured: Sample
  /** What the figure is held against. */
  readonly against: string
  readonly limit: Sample
  /** The figure divided by the limit, run by run. */
  readonly ratio: Sample
  /** The best run of all divided by the best of the limit: what noise has disturbed least. */
  readonly bestRatio: number
  /** Undefined where nothing was promised. */
  readonly budget: Budget | undefined
  readonly note: string | undefined
}

export interface RowOptions extends Pick<Row, 'what' | 'unit' | 'against'> {
  readonly measured: readonly number[]
  readonly limit: readonly number[]
  readonly budget?: Budget
  readonly note?: string
}

export function rowOf({ measured, limit, budget, note, ...labels }: RowOptions): Row {
  return {
    ...labels,
    measured: sampleOf(measured),
    limit: sampleOf(limit),
    ratio: ratioOf(measured, limit),
    bestRatio: best(measured, labels.unit) / best(limit, labels.unit),
    budget,
    note,
  }
}

function best(runs: readonly number[], unit: Unit): number {
  return unit === '/s' ? Math.max(...runs) : Math.min(...runs)
}

export function isWithin({ ratio, budget }: Row): boolean | undefined {
  if (budget === undefined) return undefined
  return 'atLeast' in budget ? ratio.median >= budget.atLeast : ratio.median <= budget.atMost
}

export interface BenchOptions {
  /** Fewer and shorter runs: to see that it works, not how fast. */
  readonly quick: boolean
  /** Where the hub's CPU profile is to be written. */
  readonly profileDirectory: string | undefined
}

/** One or more rows that are measured together. */
export interface Bench {
  readonly name: string
  run(options: BenchOptions): Promise<readonly Row[]>
}
