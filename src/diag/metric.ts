/** One metric: its series by label values, and how each kind keeps and counts. */

export type MetricKind = 'counter' | 'gauge' | 'histogram'

/** A value for each of the metric's labels. */
export type Labels<L extends string> = Readonly<Record<L, string>>

/** Counts up for as long as the program runs. */
export interface Counter<L extends string = never> {
  /** `by` left out: 1. With 0 the series is there from the start, so that its first event shows. */
  add(labels: Labels<L>, by?: number): void
}

/** A value that goes up and down. */
export interface Gauge<L extends string = never> {
  set(labels: Labels<L>, value: number): void
  /** Forgets all series: what isn't set again is not there. */
  clear(): void
}

/** How values are spread over buckets. */
export interface Histogram<L extends string = never> {
  observe(labels: Labels<L>, value: number): void
}

/** One line of the text form: the end of its name, its labels, its value. */
export interface Sample {
  readonly suffix: '' | '_bucket' | '_sum' | '_count'
  readonly labels: readonly (readonly [name: string, value: string])[]
  readonly value: number
}

export interface MetricDescription {
  readonly name: string
  readonly help: string
  readonly kind: MetricKind
}

export interface Metric extends MetricDescription {
  samples(): readonly Sample[]
}

/** So that nobody can fill the memory with label values; what comes later counts as `other`. */
const MOST_SERIES = 300
const OTHER = 'other'

interface Series<State> {
  readonly values: readonly string[]
  readonly state: State
}

/** The states of a metric, by the values of its labels. */
export class SeriesMap<L extends string, State> {
  readonly #names: readonly L[]
  readonly #create: () => State
  readonly #series = new Map<string, Series<State>>()

  constructor(names: readonly L[], create: () => State) {
    this.#names = names
    this.#create = create
  }

  at(labels: Labels<L>): State {
    const values = this.#names.map((name) => labels[name])
    return this.#find(values) ?? this.#add(values)
  }

  clear(): void {
    this.#series.clear()
  }

  *[Symbol.iterator](): Generator<readonly [Sample['labels'], State]> {
    for (const { values, state } of this.#series.values()) {
      yield [this.#names.map((name, i) => [name, values[i] ?? ''] as const), state]
    }
  }

  #find(values: readonly string[]): State | undefined {
    return this.#series.get(values.join('\0'))?.state
  }

  #add(values: readonly string[]): State {
    const others = this.#names.map(() => OTHER)
    const isFull = this.#series.size >= MOST_SERIES
    const kept = isFull ? others : values
    const found = isFull ? this.#find(others) : undefined
    if (found !== undefined) return found
    const state = this.#create()
    this.#series.set(kept.join('\0'), { values: kept, state })
    return state
  }
}
