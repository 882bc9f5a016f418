/** The daemon's steps in another order, or some left out. */
import {
  type Attempt,
  dropAnswered,
  type Exchange,
  joinWith,
  keysFor,
  type Lineage,
  renewalOf,
  renewFrom,
} from '../../../src/identity/exchange.ts'
import { tokenToJoinAnew } from '../../../src/identity/refusals.ts'
import type { DaemonCode } from '../daemon.ts'
import type { Mutant } from './mutant.ts'

type Whole<Keys> = Lineage & Keys

/** The exchange with another order of things. */
function exchanging(
  obtain: <Keys, Identity extends Whole<Keys>>(
    exchange: Exchange<Keys, Identity>,
    attempt: Attempt,
    before: (Attempt & Keys) | undefined,
    previous: Identity | undefined,
  ) => Promise<Identity>,
): Pick<DaemonCode, 'joinWith' | 'renewFrom'> {
  return {
    async joinWith(exchange, tokenId) {
      const before = await exchange.state.readPendingJoin()
      return obtain(exchange, { purpose: 'join', tokenId }, before, undefined)
    },
    async renewFrom(exchange, identity) {
      const before = await exchange.state.readPendingRenewal()
      return obtain(exchange, renewalOf(identity), before, identity)
    },
  }
}

export const DAEMON_MUTANTS: readonly Mutant[] = [
  {
    name: 'keys are drawn anew at every try',
    budget: { losses: 1 },
    breaks: 'stuck',
    daemon: exchanging(async ({ state, draw, ask }, attempt, _, previous) => {
      const pending = keysFor(attempt, undefined, () => draw(previous))
      await state.writePending(pending)
      const identity = await ask(pending, previous)
      await state.writeIdentity(identity)
      return identity
    }),
  },
  {
    name: 'keys are asked for again at the next renewal',
    budget: {},
    lastGeneration: 3,
    breaks: 'old-key',
    daemon: {
      ...exchanging(async ({ state, draw, ask }, attempt, before, previous) => {
        const pending = keysFor(attempt, undefined, () => before ?? draw(previous))
        await state.writePending(pending)
        const identity = await ask(pending, previous)
        await state.writeIdentity(identity)
        return identity
      }),
      dropAnswered: async () => {},
    },
  },
  {
    name: 'keys are asked for before they are on the disk',
    budget: { kills: 1 },
    breaks: 'stuck',
    daemon: exchanging(async ({ state, draw, ask }, attempt, before, previous) => {
      const pending = keysFor(attempt, before, () => draw(previous))
      const identity = await ask(pending, previous)
      await state.writePending(pending)
      await state.writeIdentity(identity)
      return identity
    }),
  },
  {
    name: 'keys that are found are taken to be on the disk',
    budget: { failures: 1, powerCuts: 1 },
    breaks: 'stuck',
    daemon: exchanging(async ({ state, draw, ask }, attempt, before, previous) => {
      const pending = keysFor(attempt, before, () => draw(previous))
      if (pending !== before) await state.writePending(pending)
      const identity = await ask(pending, previous)
      await state.writeIdentity(identity)
      return identity
    }),
  },
  {
    name: 'keys are dropped before the answer is on the disk',
    budget: { kills: 1 },
    breaks: 'stuck',
    daemon: exchanging(async ({ state, draw, ask }, attempt, before, previous) => {
      const pending = keysFor(attempt, before, () => draw(previous))
      await (pending === before ? state.settle() : state.writePending(pending))
      const identity = await ask(pending, previous)
      await state.dropPending(attempt.purpose)
      await state.writeIdentity(identity)
      return identity
    }),
  },
  {
    name: 'the answer is published, and not kept',
    budget: {},
    breaks: 'wrong-pair',
    daemon: exchanging(async ({ state, draw, ask }, attempt, before, previous) => {
      const pending = keysFor(attempt, before, () => draw(previous))
      await (pending === before ? state.settle() : state.writePending(pending))
      return ask(pending, previous)
    }),
  },
  {
    name: 'keys are dropped while nobody has the answer in memory',
    budget: { failures: 1 },
    breaks: 'honest-locked',
    daemon: {
      joinWith,
      async renewFrom(exchange, identity) {
        const next = await renewFrom(exchange, identity)
        await exchange.state.dropPending('renewal')
        return next
      },
    },
  },
  {
    name: 'the daemon never tries its own token again',
    budget: { restores: 1 },
    breaks: 'stuck',
    daemon: {
      tokenToJoinAnew: (error, identity, token) =>
        token?.id === identity.tokenId ? undefined : tokenToJoinAnew(error, identity, token),
    },
  },
  {
    name: 'keys are dropped though the answer may not be on the disk',
    budget: { failures: 1, kills: 1, powerCuts: 1 },
    breaks: 'stuck',
    daemon: {
      dropAnswered: (state, identity, hasSameKeys) =>
        dropAnswered(
          {
            readPendingJoin: () => state.readPendingJoin(),
            readPendingRenewal: () => state.readPendingRenewal(),
            settle: async () => {},
            writePending: (pending) => state.writePending(pending),
            writeIdentity: (it) => state.writeIdentity(it),
            dropPending: (purpose) => state.dropPending(purpose),
          },
          identity,
          hasSameKeys,
        ),
    },
  },
]
