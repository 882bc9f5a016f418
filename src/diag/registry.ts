/**
 * Metrics and health of a running program, and the HTTP server that shows them.
 *
 * Invariants of this folder:
 * - It is loaded only where somebody wants to look (`--diag-addr`): nothing else depends on it.
 * - What is observed is neither changed nor kept waiting by it.
 * - A metric has a bounded number of series: labels take their values from closed lists.
 * - Nothing here is a secret, and nobody is asked who he is: whoever reaches the address may look.
 * - What a client can make it hold is bounded in size, number and time.
 */
import { encodeMetrics } from './exposition.ts'
import { createCounter, createGauge, createHistogram } from './kinds.ts'
import type { Counter, Gauge, Histogram, Metric } from './metric.ts'

/** Seconds, for what takes from under a millisecond to ten seconds. */
export const QUICK: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
]
/** Seconds, for what goes over a network, or waits for another program. */
export const SLOW: readonly number[] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

const NAME = /^[a-z][a-z0-9_]*$/

export class Registry {
  readonly #metrics = new Map<string, Metric>()
  readonly #refreshers: (() => Promise<void> | void)[] = []

  counter<const L extends string = never>(
    name: string,
    help: string,
    labels: readonly L[] = [],
  ): Counter<L> {
    return this.#add(createCounter({ name, help }, labels))
  }

  gauge<const L extends string = never>(
    name: string,
    help: string,
    labels: readonly L[] = [],
  ): Gauge<L> {
    return this.#add(createGauge({ name, help }, labels))
  }

  histogram<const L extends string = never>(
    name: string,
    help: string,
    bounds: readonly number[],
    labels: readonly L[] = [],
  ): Histogram<L> {
    return this.#add(createHistogram({ name, help }, bounds, labels))
  }

  /** Called before the metrics are shown, to set what isn't told but asked for. */
  onShow(refresh: () => Promise<void> | void): void {
    this.#refreshers.push(refresh)
  }

  /** In Prometheus's text form. What can't be asked for stays as it was. */
  async show(): Promise<string> {
    await Promise.allSettled(this.#refreshers.map(async (refresh) => refresh()))
    return encodeMetrics([...this.#metrics.values()])
  }

  #add<M extends Metric>(metric: M): M {
    const { name } = metric
    if (!NAME.test(name)) throw new Error(`${name} is no name for a metric`)
    if (this.#metrics.has(name)) throw new Error(`there are two metrics ${name}`)
    this.#metrics.set(name, metric)
    return metric
  }
}
