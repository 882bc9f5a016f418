import {
  type Counter,
  type Gauge,
  type Histogram,
  type Labels,
  type Metric,
  type MetricDescription,
  type Sample,
  SeriesMap,
} from './metric.ts'

type Described = Omit<MetricDescription, 'kind'>

interface Cell {
  value: number
}

const newCell = (): Cell => ({ value: 0 })

function cellSamples(series: SeriesMap<string, Cell>): readonly Sample[] {
  return [...series].map(([labels, { value }]) => ({ suffix: '', labels, value }))
}

export function createCounter<L extends string>(
  described: Described,
  labels: readonly L[],
): Counter<L> & Metric {
  const series = new SeriesMap(labels, newCell)
  return {
    ...described,
    kind: 'counter',
    add(at: Labels<L>, by = 1) {
      series.at(at).value += by
    },
    samples: () => cellSamples(series),
  }
}

export function createGauge<L extends string>(
  described: Described,
  labels: readonly L[],
): Gauge<L> & Metric {
  const series = new SeriesMap(labels, newCell)
  return {
    ...described,
    kind: 'gauge',
    set(at: Labels<L>, value: number) {
      series.at(at).value = value
    },
    clear: () => series.clear(),
    samples: () => cellSamples(series),
  }
}

/** @param bounds upper bounds of the buckets, rising; one more holds what is above them all */
export function createHistogram<L extends string>(
  described: Described,
  bounds: readonly number[],
  labels: readonly L[],
): Histogram<L> & Metric {
  const series = new SeriesMap(labels, () => ({
    counts: new Array<number>(bounds.length + 1).fill(0),
    sum: 0,
  }))
  return {
    ...described,
    kind: 'histogram',
    observe(at: Labels<L>, value: number) {
      const state = series.at(at)
      const index = bounds.findIndex((bound) => value <= bound)
      const bucket = index < 0 ? bounds.length : index
      state.counts[bucket] = (state.counts[bucket] ?? 0) + 1
      state.sum += value
    },
    samples: () => [...series].flatMap(([at, state]) => bucketSamples(at, bounds, state)),
  }
}

function bucketSamples(
  labels: Sample['labels'],
  bounds: readonly number[],
  { counts, sum }: { readonly counts: readonly number[]; readonly sum: number },
): readonly Sample[] {
  let total = 0
  const buckets = counts.map((count, i): Sample => {
    total += count
    const bound = formatNumber(bounds[i] ?? Number.POSITIVE_INFINITY)
    return { suffix: '_bucket', labels: [...labels, ['le', bound]], value: total }
  })
  return [
    ...buckets,
    { suffix: '_sum', labels, value: sum },
    { suffix: '_count', labels, value: total },
  ]
}

/** As the text form writes numbers. */
export function formatNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  return String(value)
}
