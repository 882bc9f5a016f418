/** What the hub decides on a generation, otherwise. */
import { decideGeneration, type StoredGeneration } from '../../../src/auth/generation.ts'
import { equalBytes } from '../../../src/base/bytes.ts'
import type { HubMutation } from '../ground.ts'
import { COPY, type Mutant } from './mutant.ts'

type Decide = NonNullable<HubMutation['decide']>

/** Where the hub would lock for this reason, it does something else. */
function insteadOfLock(change: (...asked: Parameters<Decide>) => ReturnType<Decide>): Decide {
  return (stored, presented, before) => {
    const decision = decideGeneration(stored, presented, before)
    return decision.action === 'lock' ? change(stored, presented, before) : decision
  }
}

const isOneBehind = (stored: StoredGeneration, generation: bigint) =>
  generation === stored.generation - 1n

const DECISIONS: readonly (Omit<Mutant, 'hub'> & { readonly decide: Decide })[] = [
  {
    name: 'a generation of grace: the one before is good for any keys',
    budget: COPY,
    breaks: 'double-use',
    decide: insteadOfLock((stored, presented) =>
      isOneBehind(stored, presented.generation)
        ? { action: 'repeat', generation: stored.generation }
        : { action: 'lock', reason: 'old-generation' },
    ),
  },
  {
    name: 'a repetition that asks for the same output key alone',
    budget: COPY,
    breaks: 'double-use',
    decide: insteadOfLock((stored, presented) =>
      isOneBehind(stored, presented.generation) &&
      equalBytes(presented.nextSshKeyFingerprint, stored.sshKeyFingerprint)
        ? { action: 'repeat', generation: stored.generation }
        : { action: 'lock', reason: 'old-generation' },
    ),
  },
  {
    name: 'the key is not compared, only the generation',
    budget: { ...COPY, restores: 1 },
    breaks: 'double-use',
    decide: insteadOfLock((stored, { generation }) =>
      generation === stored.generation
        ? { action: 'advance', generation: generation + 1n }
        : { action: 'lock', reason: 'old-generation' },
    ),
  },
  {
    name: 'a second use is refused, and nothing is locked',
    budget: COPY,
    breaks: 'not-locked',
    decide: insteadOfLock(() => ({ action: 'late' })),
  },
  {
    name: 'late is what asks for a key that was certified before',
    budget: COPY,
    breaks: 'not-locked',
    decide: insteadOfLock(({ previousKeyFingerprint: known }, { nextKeyFingerprint: asked }) =>
      known !== undefined && equalBytes(known, asked)
        ? { action: 'late' }
        : { action: 'lock', reason: 'old-generation' },
    ),
  },
  {
    name: 'no retry: a lost reply is a second use',
    budget: { losses: 1 },
    breaks: 'honest-locked',
    decide(stored, presented, before) {
      const decision = decideGeneration(stored, presented, before)
      return decision.action === 'repeat' ? { action: 'lock', reason: 'old-generation' } : decision
    },
  },
  {
    name: 'a late request is judged by what is stored when it arrives',
    budget: { delays: 1 },
    lastGeneration: 3,
    breaks: 'honest-locked',
    decide: (stored, presented) => decideGeneration(stored, presented),
  },
  {
    name: 'whatever was overtaken is late, a second use too',
    budget: { copies: 1, thefts: 1, delays: 1 },
    lastGeneration: 3,
    breaks: 'not-locked',
    decide: (stored, presented, before) => {
      const decision = decideGeneration(stored, presented)
      return decision.action === 'lock' && before ? { action: 'late' } : decision
    },
  },
  {
    name: 'ahead of the store is a second use',
    budget: { restores: 1 },
    breaks: 'stuck',
    decide(stored, presented, before) {
      const decision = decideGeneration(stored, presented, before)
      return decision.action === 'recover' ? { action: 'lock', reason: 'other-key' } : decision
    },
  },
  {
    name: 'ahead of the store, the store goes on counting from its own',
    budget: { restores: 1 },
    lastGeneration: 3,
    breaks: 'honest-locked',
    decide(stored, presented, before) {
      const decision = decideGeneration(stored, presented, before)
      return decision.action === 'recover'
        ? { action: 'recover', generation: stored.generation + 1n }
        : decision
    },
  },
]

export const DECISION_MUTANTS: readonly Mutant[] = DECISIONS.map(({ decide, ...mutant }) => ({
  ...mutant,
  hub: { decide },
}))
