import type { AccessState } from './access-state.ts'
import type { Group, GroupGrants } from './bot-groups.ts'
import type { LabelView } from './label-views.ts'
import {
  type GroupUpdate,
  type MembershipUpdate,
  type NodeUpdate,
  principalOf,
} from './node-update.ts'
import type { PendingChanges } from './pending-changes.ts'

type GroupChanges = Pick<NodeUpdate, 'groups' | 'removedGroups' | 'memberships'>

/** What the watched nodes with certain labels have been told of groups and their grants. */
export class ToldView {
  readonly #state: AccessState
  readonly #view: LabelView
  readonly #told: Map<string, GroupGrants>
  #snapshot: readonly GroupUpdate[] | undefined

  private constructor(state: AccessState, view: LabelView, told: Map<string, GroupGrants>) {
    this.#state = state
    this.#view = view
    this.#told = told
  }

  /** For nodes that know nothing; `snapshot` is what they are to be told first. */
  static from(state: AccessState, view: LabelView): ToldView {
    const told = new Map<string, GroupGrants>()
    for (const [group, granted] of state.groupsOn(view)) told.set(group.id, granted)
    return new ToldView(state, view, told)
  }

  /** For some of the nodes, which have been told the same and are in a view of their own now. */
  split(view: LabelView): ToldView {
    return new ToldView(this.#state, view, new Map(this.#told))
  }

  /** Every group with grants here and its members, as of the last `changes`. */
  snapshot(): readonly GroupUpdate[] {
    this.#snapshot ??= [...this.#told].flatMap(([id, granted]) => {
      const group = this.#state.bots.group(id)
      return group ? [introduce(group, granted)] : []
    })
    return this.#snapshot
  }

  /** What they have to be told now, and have been from then on; undefined where it is nothing. */
  changes(
    pending: PendingChanges,
    memberships: readonly MembershipUpdate[],
  ): GroupChanges | undefined {
    const groups: GroupUpdate[] = []
    const removedGroups: string[] = []
    const introduced = new Set<string>()
    for (const id of pending.groups) {
      const before = this.#told.get(id)
      const group = this.#state.bots.group(id)
      const granted = group && this.#state.grants(group, this.#view)
      if (!group || !granted || granted.grants.length === 0) {
        if (this.#told.delete(id)) removedGroups.push(id)
        continue
      }
      this.#told.set(id, granted)
      if (!before) {
        introduced.add(id)
        groups.push(introduce(group, granted))
      } else if (before.key !== granted.key) {
        groups.push({ id, grants: granted.grants, principals: undefined })
      }
    }
    const ofKnown = memberships.filter(
      ({ group }) => this.#told.has(group) && !introduced.has(group),
    )
    if (groups.length + removedGroups.length + ofKnown.length === 0) return undefined
    this.#snapshot = undefined
    return { groups, removedGroups, memberships: ofKnown }
  }
}

function introduce({ id, members, introductions }: Group, granted: GroupGrants): GroupUpdate {
  const { grants, key } = granted
  const known = introductions.get(key)
  if (known) return known
  const introduction = { id, grants, principals: [...members].map(principalOf) }
  introductions.set(key, introduction)
  return introduction
}

/** The members that groups won and lost, whoever is told of it. */
export function membershipUpdates(
  state: AccessState,
  pending: PendingChanges,
): readonly MembershipUpdate[] {
  const updates: MembershipUpdate[] = []
  for (const [id, before] of pending.members()) {
    const members = state.bots.group(id)?.members
    const added: string[] = []
    const removed: string[] = []
    for (const [bot, was] of before) {
      const is = members?.has(bot) ?? false
      if (is && !was) added.push(principalOf(bot))
      if (was && !is) removed.push(principalOf(bot))
    }
    if (added.length + removed.length > 0) updates.push({ group: id, added, removed })
  }
  return updates
}
