/**
 * The hub's store as the model sees it. Keys, instances and tokens are numbers that say only where it is
 * the same one. Time passes when the store is copied or put back, which is all that asks for it.
 */

/** The public halves; who holds the private ones is told elsewhere. */
export interface Keys {
  /** An identity key. */
  readonly key: number
  /** An output key, or a node's host key. */
  readonly ssh: number
}

/** The newest generation of a bot instance or a node. */
export interface Newest extends Keys {
  readonly lineage: number
  readonly generation: number
  /** The identity key of the generation before. */
  readonly previous: number | undefined
  readonly joinedAt: number
  readonly lockedAt: number | undefined
  /** An administrator's leave to renew once more though the certificate has expired. */
  readonly leave: 'none' | 'open' | 'used'
}

/** What a store knows of a lineage: nothing, where it was restored to before its join. */
export type Known = Newest | 'nothing'

/** A one-time join token. */
export interface Token {
  readonly token: number
  /** Ended: replaced by another one, or by a restore. */
  readonly state: 'active' | 'used' | 'ended'
}

export interface Redemption {
  readonly token: number
  readonly key: number
  readonly lineage: number
}

/** The store was put back to a backup, and knows it. */
export interface Restore {
  readonly takenAt: number
  readonly restoredAt: number
}

export interface HubState {
  readonly tokens: readonly Token[]
  readonly redemptions: readonly Redemption[]
  readonly newest: readonly Newest[]
  /** Nodes that were removed. */
  readonly removed: readonly number[]
  readonly restores: readonly Restore[]
}

/** An identity certificate. */
export interface Certificate extends Keys {
  readonly lineage: number
  readonly generation: number
  readonly issuedAt: number
  /** Certificates of an earlier epoch have expired. */
  readonly epoch: number
}

/** What a caller asks to have certified, and how it proves to be who it is. */
export type Request = Join | Renewal

export interface Join extends Asked {
  readonly kind: 'join'
  readonly token: number
}

export interface Renewal extends Asked {
  readonly kind: 'renew'
  readonly by: Certificate
}

interface Asked extends Keys {
  /** Whether the caller holds the private half of `key`. */
  readonly proves: boolean
}

export type Reply =
  | { readonly kind: 'issued'; readonly certificate: Certificate }
  /** By the code of the hub's error. */
  | { readonly kind: 'refused'; readonly code: string }

/** A token has been made, and nobody has joined with it. */
export const FIRST_STATE: HubState = {
  tokens: [{ token: 0, state: 'active' }],
  redemptions: [],
  newest: [],
  removed: [],
  restores: [],
}

export function newestOf(hub: HubState, lineage: number): Newest | undefined {
  return hub.newest.find((each) => each.lineage === lineage)
}

export function knownOf(hub: HubState, lineage: number): Known {
  return newestOf(hub, lineage) ?? 'nothing'
}

export function isLocked(hub: HubState, lineage: number): boolean {
  return newestOf(hub, lineage)?.lockedAt !== undefined
}

export function isSameHub(a: HubState, b: HubState): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
