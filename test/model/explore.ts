/** All worlds that can come to be from a first one, nearest first, so that what is found is shortest. */
import { calmDown } from './calm.ts'
import { daemonMoves } from './daemon-moves.ts'
import { type Actors, hubMoves } from './hub-moves.ts'
import { operatorMoves } from './operator-moves.ts'
import { checkWorld, type Property, Violation } from './properties.ts'
import { thiefMoves } from './thief.ts'
import type { World } from './world.ts'
import { worldKey } from './world-key.ts'

export interface Exploration {
  readonly states: number
  readonly steps: number
  /** The longest of the shortest ways. */
  readonly depth: number
  readonly counterexample: Counterexample | undefined
}

/** The shortest way to something that must not be. */
export interface Counterexample {
  readonly property: Property
  readonly detail: string
  readonly trace: readonly string[]
}

export interface ExploreOptions {
  readonly actors: Actors
  readonly first: World
  /** Whether each world is let come to rest, too. */
  readonly calms: boolean
}

export async function explore(options: ExploreOptions): Promise<Exploration> {
  const { actors, first, calms } = options
  const seen = new Set([worldKey(first)])
  const calmed = new Set<string>()
  /** Of the world with this number: the one before, and what happened there. */
  const ways: { readonly before: number; readonly what: string }[] = [{ before: -1, what: '' }]
  let steps = 0
  const found = (violation: Violation, from: number, what: string): Exploration => {
    const trace = [what]
    for (let at = from; at > 0; at = ways[at]?.before ?? 0) trace.unshift(ways[at]?.what ?? '')
    const { property, detail } = violation
    const counterexample = { property, detail, trace }
    return { states: seen.size, steps, depth: trace.length, counterexample }
  }

  let level: { readonly world: World; readonly number: number }[] = [{ world: first, number: 0 }]
  for (let depth = 0; ; depth++) {
    const next: typeof level = []
    for (const { world, number } of level) {
      const moves = [
        ...daemonMoves(actors.code, world, actors.lastGeneration),
        ...hubMoves(actors, world),
        ...operatorMoves(actors, world),
        ...thiefMoves(actors, world),
      ]
      for (const { what, to } of moves) {
        steps++
        try {
          const after = await to()
          const key = worldKey(after)
          if (seen.has(key)) continue
          seen.add(key)
          checkWorld(after, actors.hub.decide)
          if (calms) await calm(actors, after, calmed)
          ways.push({ before: number, what })
          next.push({ world: after, number: ways.length - 1 })
        } catch (error) {
          if (error instanceof Violation) return found(error, number, what)
          throw error
        }
      }
    }
    if (next.length === 0) return { states: seen.size, steps, depth, counterexample: undefined }
    level = next
  }
}

/** Whether what is late still arrives is left to choose; what may still go wrong is of no account. */
async function calm(actors: Actors, world: World, calmed: Set<string>): Promise<void> {
  const key = worldKey(world, false)
  if (calmed.has(key)) return
  calmed.add(key)
  await calmDown(actors, world, false)
  if (world.late.length > 0) await calmDown(actors, world, true)
}

export function formatCounterexample({ property, detail, trace }: Counterexample): string {
  const steps = trace.map((what, index) => `${String(index + 1).padStart(3)}. ${what}`)
  return [`${property}: ${detail}`, ...steps].join('\n')
}
