/**
 * What is explored, to the end. A scope says what may go wrong and how often; whatever can happen within
 * it does, in every order.
 */
import type { JoinTokenKind } from '../../src/trust/join-token.ts'
import { type DaemonCode, PRODUCTION } from './daemon.ts'
import { type Exploration, explore } from './explore.ts'
import type { HubMutation } from './ground.ts'
import type { ModelHub } from './hub.ts'
import { type Budget, firstWorld, NO_THIEF, type Thief } from './world.ts'

export interface Scope {
  readonly name: string
  /** Which joiners `npm test` takes it for; `npm run model` takes it for both. */
  readonly kinds: readonly JoinTokenKind[]
  readonly budget: Partial<Budget>
  /** Renewals beyond this generation don't begin. */
  readonly lastGeneration: number
  readonly thief?: Thief | undefined
  /** At least so many come to be, for each of them. */
  readonly states: number
}

const BOTH: readonly JoinTokenKind[] = ['bot', 'node']
const KNOWS_TOKEN: Thief = { ...NO_THIEF, knowsToken: true }

export const SCOPES: readonly Scope[] = [
  {
    name: 'a disk that fails, a process that dies, a power cut',
    kinds: BOTH,
    budget: { failures: 2, kills: 2, powerCuts: 2, losses: 1, newOutputKeys: 1 },
    lastGeneration: 2,
    states: 8_000,
  },
  {
    name: 'messages lost, late and repeated; a hub that crashes',
    kinds: BOTH,
    budget: { losses: 1, delays: 2, kills: 1, hubCrashes: 1 },
    lastGeneration: 3,
    states: 7_000,
  },
  {
    name: 'a store put back to any earlier commit, twice',
    kinds: BOTH,
    budget: { restores: 2, losses: 1, kills: 1 },
    lastGeneration: 3,
    states: 8_000,
  },
  {
    name: 'a store put back while requests are late',
    kinds: ['bot'],
    budget: { restores: 1, losses: 1, delays: 1, kills: 1 },
    lastGeneration: 2,
    states: 5_000,
  },
  {
    name: 'locks, expired identities, readmissions and new tokens',
    kinds: BOTH,
    budget: { locks: 1, unlocks: 1, expiries: 1, readmissions: 1, newTokens: 1, losses: 1 },
    lastGeneration: 2,
    states: 2_000,
  },
  {
    name: 'an administrator’s acts that a restore undoes',
    kinds: BOTH,
    budget: { restores: 1, locks: 1, unlocks: 1, expiries: 1, readmissions: 1 },
    lastGeneration: 2,
    states: 3_500,
  },
  {
    name: 'a new token that a restore undoes',
    kinds: BOTH,
    budget: { restores: 1, newTokens: 1, losses: 1, expiries: 1 },
    lastGeneration: 2,
    states: 5_000,
  },
  {
    name: 'one token, two that join with it',
    kinds: BOTH,
    budget: { thefts: 2, losses: 1, kills: 1, delays: 1 },
    lastGeneration: 2,
    thief: KNOWS_TOKEN,
    states: 2_500,
  },
  {
    name: 'a copy of the state directory, and the token',
    kinds: ['bot'],
    budget: { copies: 1, thefts: 2, kills: 1 },
    lastGeneration: 2,
    thief: KNOWS_TOKEN,
    states: 6_500,
  },
  {
    name: 'a copy, and messages that are lost',
    kinds: BOTH,
    budget: { copies: 1, thefts: 2, losses: 1, kills: 1 },
    lastGeneration: 2,
    states: 10_000,
  },
  {
    name: 'a copy, and connections that were made before',
    kinds: ['bot'],
    budget: { copies: 1, thefts: 2, delays: 1 },
    lastGeneration: 3,
    states: 28_000,
  },
  {
    name: 'two copies, and an administrator who unlocks',
    kinds: ['bot'],
    budget: { copies: 2, thefts: 2, unlocks: 1 },
    lastGeneration: 2,
    states: 8_000,
  },
  {
    name: 'a copy, and a store that is put back',
    kinds: ['bot'],
    budget: { copies: 1, thefts: 2, restores: 1 },
    lastGeneration: 2,
    states: 39_000,
  },
  {
    name: 'a copy, another token, and a store that is put back',
    kinds: ['node'],
    budget: { copies: 1, thefts: 1, restores: 1, newTokens: 1 },
    lastGeneration: 2,
    states: 42_000,
  },
  {
    name: 'a copy that is readmitted',
    kinds: ['bot'],
    budget: { copies: 1, thefts: 2, expiries: 1, readmissions: 1 },
    lastGeneration: 2,
    states: 13_000,
  },
]

/** What is explored: production, or a small wrong variant of it. */
export interface Variant {
  readonly hub?: HubMutation
  readonly daemon?: Partial<DaemonCode>
}

/** @param deeper so much more of everything that may go wrong, and so many more renewals */
export function exploreScope(
  { budget, lastGeneration, thief }: Scope,
  hub: ModelHub,
  daemon: Partial<DaemonCode> = {},
  deeper = 0,
): Promise<Exploration> {
  const more = Object.entries(budget).map(([what, count]) => [what, count + deeper])
  return explore({
    actors: {
      hub,
      code: { ...PRODUCTION, ...daemon },
      lastGeneration: lastGeneration + deeper,
    },
    first: firstWorld(Object.fromEntries(more), thief),
    calms: thief === undefined && budget.copies === undefined,
  })
}
