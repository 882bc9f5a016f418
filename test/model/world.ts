/** Everything that is, at one moment of the protocol, and what may still go wrong. */
import { type Disk, type Effect, EMPTY_DISK, type Identity, type Operation } from './daemon.ts'
import {
  type Certificate,
  FIRST_STATE,
  type HubState,
  type Known,
  type Reply,
  type Request,
} from './hub-state.ts'

/** A daemon that runs. */
export interface Process {
  /** The token that it was started with; undefined once the hub has refused it for good. */
  readonly token: number | undefined
  readonly identity: Identity | undefined
  readonly isPublished: boolean
  /** What it is in the middle of; undefined while it waits for its next renewal. */
  readonly running: { readonly operation: Operation; readonly effect: Effect } | undefined
}

/**
 * A request on its way, on a connection that was made when the hub's record was this one; a join has
 * none.
 */
export interface Flight {
  readonly from: 'daemon' | 'thief'
  readonly request: Request
  readonly before: Known | undefined
  /** Whether the sender holds the private half of the output key. */
  readonly holdsSsh: boolean
}

export interface Thief {
  /** Whether he has seen the first token. */
  readonly knowsToken: boolean
  /** The private halves that he holds. */
  readonly keys: readonly number[]
  readonly sshKeys: readonly number[]
  readonly certificates: readonly Certificate[]
}

/** How often each thing may still happen. */
export interface Budget {
  /** A write or a publication that fails, having done nothing or everything. */
  readonly failures: number
  /** The daemon is killed. */
  readonly kills: number
  /** The machine loses its power, and with it what is not on the disk. */
  readonly powerCuts: number
  /** A request or a reply is lost. */
  readonly losses: number
  /** A request stays in the network, or comes twice, and arrives at any later time. */
  readonly delays: number
  readonly hubCrashes: number
  /** The store is put back to what it was at an earlier commit. */
  readonly restores: number
  /** Whoever may, copies the state directory. */
  readonly copies: number
  /** Requests of the thief. */
  readonly thefts: number
  readonly locks: number
  readonly unlocks: number
  /** Every certificate expires. */
  readonly expiries: number
  /** An administrator lets expired identities renew once more. */
  readonly readmissions: number
  /** The output key is replaced at a renewal. */
  readonly newOutputKeys: number
  /** The operator makes another token and gives it to the daemon. */
  readonly newTokens: number
}

export const NOTHING: Budget = {
  ...{ failures: 0, kills: 0, powerCuts: 0, losses: 0, delays: 0, hubCrashes: 0, restores: 0 },
  ...{
    copies: 0,
    thefts: 0,
    locks: 0,
    unlocks: 0,
    expiries: 0,
    readmissions: 0,
    newOutputKeys: 0,
    newTokens: 0,
  },
}

interface Joined {
  readonly token: number
  readonly lineage: number
  readonly from: Flight['from']
}

/** What has happened, for the properties alone; nobody in the world knows it. */
export interface History {
  /** Lineages that the owner has renewed to a key that the thief doesn't hold, since the last copy. */
  readonly ownerAlone: readonly number[]
  /** Lineages that the thief has renewed to a key that the owner doesn't hold. */
  readonly thiefAlone: readonly number[]
  /** Which lineage was made with which token, and by whom. */
  readonly joins: readonly Joined[]
  /** Whether anybody has copied the state directory. */
  readonly isCopied: boolean
  /** How often an administrator has locked and unlocked. */
  readonly locks: number
  readonly unlocks: number
  /** How often the store was put back to a backup, and how often without the hub's knowledge. */
  readonly restores: number
  readonly filesPutBack: number
}

export interface World {
  readonly hub: HubState
  /** A backup of the store. */
  readonly backup: { readonly hub: HubState; readonly takenAt: number } | undefined
  readonly time: number
  readonly epoch: number
  /** What the daemon's directory shows, and what of it would survive a power cut. */
  readonly disk: Disk
  readonly durable: Disk
  readonly published: Identity | undefined
  /** The token in the daemon's configuration. */
  readonly token: number
  readonly process: Process | undefined
  /** The call that the daemon waits for. */
  readonly call: (Flight & { readonly reply: Reply | undefined }) | undefined
  /** Requests that nobody waits for any more. */
  readonly late: readonly Flight[]
  readonly thief: Thief
  readonly left: Budget
  readonly history: History
  /** Numbers that nothing has yet. */
  readonly fresh: Readonly<Record<'key' | 'ssh' | 'lineage' | 'token', number>>
}

/** One step of the world. */
export interface Move {
  readonly what: string
  readonly to: () => Promise<World>
}

/** One of the things that may go wrong has. */
export function spend(world: World, what: keyof Budget): World {
  return { ...world, left: { ...world.left, [what]: world.left[what] - 1 } }
}

export const NO_THIEF: Thief = { knowsToken: false, keys: [], sshKeys: [], certificates: [] }

const NO_HISTORY: History = {
  ...{ ownerAlone: [], thiefAlone: [], joins: [], isCopied: false },
  ...{ locks: 0, unlocks: 0, restores: 0, filesPutBack: 0 },
}

/** A token has been made, and nobody has joined with it. */
export function firstWorld(left: Partial<Budget>, thief: Thief = NO_THIEF): World {
  return {
    ...{ hub: FIRST_STATE, time: 0, backup: undefined, epoch: 0, token: 0 },
    ...{ disk: EMPTY_DISK, durable: EMPTY_DISK, published: undefined },
    ...{ process: undefined, call: undefined, late: [], thief },
    left: { ...NOTHING, ...left },
    history: NO_HISTORY,
    fresh: { key: 0, ssh: 0, lineage: 0, token: 1 },
  }
}
