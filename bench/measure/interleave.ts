export type Measure<Result> = () => Result | Promise<Result>

/** What a figure and its limit came to, run by run. */
export interface Pair<Result> {
  readonly measured: readonly Result[]
  readonly limit: readonly Result[]
}

/**
 * Measures several things in turn, round after round, every second round backwards: whatever
 * drifts meanwhile meets all of them alike. One round goes before and isn't counted.
 *
 * @returns for each measure, in their order, its results
 */
export async function interleave<Result>(
  rounds: number,
  measures: readonly Measure<Result>[],
): Promise<readonly (readonly Result[])[]> {
  const turns = measures.map((measure) => ({ measure, results: [] as Result[] }))
  for (let round = 0; round <= rounds; round++) {
    for (const { measure, results } of round % 2 === 0 ? turns : turns.toReversed()) {
      const result = await measure()
      if (round > 0) results.push(result)
    }
  }
  return turns.map(({ results }) => results)
}

export async function interleavePair<Result>(
  rounds: number,
  measured: Measure<Result>,
  limit: Measure<Result>,
): Promise<Pair<Result>> {
  const [first = [], second = []] = await interleave(rounds, [measured, limit])
  return { measured: first, limit: second }
}
