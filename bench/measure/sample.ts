/** Several measurements of one thing, by their median and their spread. */
export interface Sample {
  readonly median: number
  /** Half of the distance between the quartiles, as a share of the median. */
  readonly spread: number
  readonly runs: readonly number[]
}

/** @param runs at least one */
export function sampleOf(runs: readonly number[]): Sample {
  const median = quantile(runs, 0.5)
  const range = quantile(runs, 0.75) - quantile(runs, 0.25)
  return { median, spread: median === 0 ? 0 : range / 2 / Math.abs(median), runs }
}

/** Run by run, so that what slowed both of a pair down is divided out. */
export function ratioOf(measured: readonly number[], limit: readonly number[]): Sample {
  return sampleOf(measured.map((value, index) => value / (limit[index] ?? Number.NaN)))
}

/** Between the two nearest values, linearly. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const position = (sorted.length - 1) * share
  const below = sorted[Math.floor(position)] ?? Number.NaN
  const above = sorted[Math.ceil(position)] ?? Number.NaN
  return below + (above - below) * (position - Math.floor(position))
}
