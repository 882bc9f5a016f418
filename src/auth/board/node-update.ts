import type { Grant } from '../../policy/grants.ts'
import type { TrustBundle } from '../issuing.ts'
import type { LockRecord } from '../records.ts'
import type { RotationDuties } from '../rotations.ts'

/**
 * What a node is told: apply in order. `full`: forget everything known before. Updates that say the
 * same to several nodes are one object, so whatever is made of one can be kept for the others.
 */
export interface NodeUpdate {
  readonly full: boolean
  /** Those that are new on this node, with their principals; those whose grants are others now. */
  readonly groups: readonly GroupUpdate[]
  readonly removedGroups: readonly string[]
  readonly memberships: readonly MembershipUpdate[]
  /** Serials of user certificates that no longer count. */
  readonly revoked: readonly bigint[]
  /** Serials that count again, or whose certificates have expired. */
  readonly forgotten: readonly bigint[]
  /**
   * The locks in force on this node and on bots, instances, roles and logins, oldest first, in place
   * of those before; undefined where they are the same.
   */
  readonly locks: readonly LockRecord[] | undefined
  /** Sessions of this node that are to end, by the agent's own identifiers. */
  readonly endSessions: readonly string[]
  /** In a full update, and when the CAs have changed. */
  readonly trust: TrustBundle | undefined
  /** Beside `trust`, while a CA is rotated. */
  readonly duties?: RotationDuties
}

export interface GroupUpdate {
  readonly id: string
  /** By login; at least one. */
  readonly grants: readonly Grant[]
  /** `bot:NAME`; undefined for a group that the node knows. */
  readonly principals: readonly string[] | undefined
}

export interface MembershipUpdate {
  readonly group: string
  /** `bot:NAME`. */
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

/** A listener must not throw. */
export interface NodeListener {
  update(update: NodeUpdate): void
  /** The node was removed; nothing follows. It was told that nothing is granted before. */
  gone(): void
}

/** What every listener hears that hears nothing else. */
export const NOTHING: NodeUpdate = {
  full: false,
  groups: [],
  removedGroups: [],
  memberships: [],
  revoked: [],
  forgotten: [],
  locks: undefined,
  endSessions: [],
  trust: undefined,
}

export function principalOf(bot: string): string {
  return `bot:${bot}`
}

export function isEmpty(update: NodeUpdate): boolean {
  const { groups, removedGroups, memberships, revoked, forgotten, endSessions } = update
  return (
    !update.full &&
    update.locks === undefined &&
    update.trust === undefined &&
    [groups, removedGroups, memberships, revoked, forgotten, endSessions].every(
      ({ length }) => length === 0,
    )
  )
}
