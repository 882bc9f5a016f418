/**
 * Which blocks of our source ran, by V8's own counters: nothing is instrumented, and the code under
 * test is the code that is shipped.
 */
import { type Profiler, Session } from 'node:inspector'
import { pathToFileURL } from 'node:url'

const ROOT = `${import.meta.dirname}/../../..`
/** The planted defects are for trying the fuzzer on. */
const SOURCES = ['src/', 'test/fuzz/planted/'].map(
  (folder) => pathToFileURL(`${ROOT}/${folder}`).href,
)

/** For each function that ran, by where it stands: 1 for each of its characters that ran, else 0. */
export type Reach = ReadonlyMap<string, Uint8Array>

export class Coverage implements Disposable {
  readonly #session = new Session()
  readonly #reached = new Map<string, Uint8Array>()

  constructor() {
    this.#session.connect()
    this.#post('Profiler.enable')
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /** What ran since the last look. */
  look(): Reach {
    const reach = new Map<string, Uint8Array>()
    for (const { functions, url } of this.#take()) {
      if (!SOURCES.some((source) => url.startsWith(source))) continue
      for (const { ranges } of functions) {
        const [whole] = ranges
        if (whole === undefined || whole.count === 0) continue
        reach.set(`${url}:${whole.startOffset}`, runsOf(whole, ranges))
      }
    }
    return reach
  }

  /** What of it never ran before. */
  newIn(reach: Reach): Reach {
    const found = new Map<string, Uint8Array>()
    for (const [name, runs] of reach) {
      const before = this.#reached.get(name)
      const isNew = (ran: number, at: number) => ran > (before?.[at] ?? 0)
      if (runs.some(isNew))
        found.set(
          name,
          runs.map((ran, at) => Number(isNew(ran, at))),
        )
    }
    return found
  }

  remember(reach: Reach): void {
    for (const [name, runs] of reach) {
      const before = this.#reached.get(name)
      if (before === undefined) this.#reached.set(name, runs)
      else for (const [at, ran] of runs.entries()) before[at] = ran | (before[at] ?? 0)
    }
  }

  forget(): void {
    this.#reached.clear()
  }

  [Symbol.dispose](): void {
    this.#session.disconnect()
  }

  #take(): readonly Profiler.ScriptCoverage[] {
    let coverage: readonly Profiler.ScriptCoverage[] = []
    this.#session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error) throw error
      coverage = answer.result
    })
    return coverage
  }

  #post(method: 'Profiler.enable'): void
  #post(
    method: 'Profiler.startPreciseCoverage',
    parameters: Profiler.StartPreciseCoverageParameterType,
  ): void
  #post(method: string, parameters?: object): void {
    this.#session.post(method, parameters, (error) => {
      if (error) throw error
    })
  }
}

/** Whether all of `part` is in `whole`. */
export function covers(whole: Reach, part: Reach): boolean {
  return [...part].every(([name, runs]) => {
    const others = whole.get(name)
    return others !== undefined && runs.every((ran, at) => ran <= (others[at] ?? 0))
  })
}

/** The first range is the whole function; those after it lie within those before. */
function runsOf(
  { startOffset: start, endOffset: end }: Profiler.CoverageRange,
  ranges: readonly Profiler.CoverageRange[],
): Uint8Array {
  const runs = new Uint8Array(end - start)
  for (const { startOffset, endOffset, count } of ranges) {
    runs.fill(count > 0 ? 1 : 0, startOffset - start, endOffset - start)
  }
  return runs
}
