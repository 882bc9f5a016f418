/** Which kills are done, out of all that could be. Pure; the same seed gives the same plan. */
import type { Recording } from './exercise.ts'
import type { Point } from './point.ts'

/** The part of kills at random instants, where there are more points than kills. */
const INSTANTS = 0.15
const PERMILLE = 1_100

/** Random numbers in [0, 1) from a seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    // A linear congruential generator is random enough for a choice of points.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** Every point and `share` kills at least, or `share` kills at points spread over the act. */
export function choosePoints(
  { points }: Pick<Recording, 'points'>,
  share: number,
  everyPoint: boolean,
  random: () => number,
  instantsPart = INSTANTS,
): readonly Point[] {
  const chosen = everyPoint ? points : spread(points, Math.ceil(share * (1 - instantsPart)), random)
  const more = instantsPart === 0 ? 0 : Math.max(0, share - chosen.length)
  const instants = Array.from({ length: more }, () => ({
    kind: 'instant' as const,
    permille: Math.floor(random() * PERMILLE),
  }))
  return [...chosen, ...instants]
}

/** One at random out of each of `count` equal stretches. */
function spread(points: readonly Point[], count: number, random: () => number): readonly Point[] {
  if (count >= points.length) return points
  const length = points.length / count
  return Array.from({ length: count }, (_, index) => {
    const at = Math.floor((index + random()) * length)
    return points.slice(at, at + 1)
  }).flat()
}
