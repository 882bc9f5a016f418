import { sha256 } from '../../base/bytes.ts'
import type { Grant } from '../../policy/grants.ts'
import type { BotRecord } from '../records.ts'
import type { LabelView } from './label-views.ts'
import type { GroupUpdate } from './node-update.ts'

/** What a group may do on the nodes with certain labels. */
export interface GroupGrants {
  /** By login. */
  readonly grants: readonly Grant[]
  /** Of the grants. */
  readonly logins: readonly string[]
  /** The same for equal grants, whatever revision of a role they come from. */
  readonly key: string
}

/** The bots that have the same set of roles, and so the same grants everywhere. */
export interface Group {
  /** 128 bits of a hash over the sorted names of its roles, in hexadecimal. */
  readonly id: string
  /** Sorted. */
  readonly roles: readonly string[]
  readonly bots: Set<string>
  /** Those on which no lock is. */
  readonly members: Set<string>
  /** What has been evaluated with its roles as they are now. */
  evaluated: Evaluated
  /**
   * How nodes are told of it, by the key of its grants there: one object for all nodes, whatever
   * their labels. Emptied when its members or its grants may be others.
   */
  readonly introductions: Map<string, GroupUpdate>
}

export interface Evaluated {
  readonly byView: WeakMap<LabelView, GroupGrants>
  readonly byKey: Map<string, GroupGrants>
}

export interface BotEntry {
  readonly name: string
  /** In the order given. */
  readonly roles: readonly string[]
  readonly group: Group
}

export function groupId(roles: readonly string[]): string {
  return sha256(Buffer.from(JSON.stringify([...new Set(roles)].sort()))).toString('hex', 0, 16)
}

export function nothingEvaluated(): Evaluated {
  return { byView: new WeakMap(), byKey: new Map() }
}

/** The bots, and the groups that their roles make of them. A group exists while it has a bot. */
export class BotGroups {
  readonly #bots = new Map<string, BotEntry>()
  readonly #groups = new Map<string, Group>()
  readonly #byRole = new Map<string, Set<Group>>()
  #sorted: readonly BotEntry[] | undefined

  get(name: string): BotEntry | undefined {
    return this.#bots.get(name)
  }

  group(id: string): Group | undefined {
    return this.#groups.get(id)
  }

  /** By name. */
  list(): readonly BotEntry[] {
    this.#sorted ??= [...this.#bots.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
    return this.#sorted
  }

  withRole(role: string): Iterable<Group> {
    return this.#byRole.get(role) ?? []
  }

  /** Puts a bot that is in no group into the one of its roles; not yet as a member. */
  add({ name, roles }: Pick<BotRecord, 'name' | 'roles'>): BotEntry {
    const id = groupId(roles)
    const group = this.#groups.get(id) ?? this.#create(id, [...new Set(roles)].sort())
    group.bots.add(name)
    this.#sorted = undefined
    const entry = { name, roles, group }
    this.#bots.set(name, entry)
    return entry
  }

  remove({ name, group }: BotEntry): void {
    this.#bots.delete(name)
    this.#sorted = undefined
    group.bots.delete(name)
    if (group.bots.size > 0) return
    this.#groups.delete(group.id)
    for (const role of group.roles) {
      const groups = this.#byRole.get(role)
      groups?.delete(group)
      if (groups?.size === 0) this.#byRole.delete(role)
    }
  }

  #create(id: string, roles: readonly string[]): Group {
    const group: Group = {
      id,
      roles,
      bots: new Set(),
      members: new Set(),
      evaluated: nothingEvaluated(),
      introductions: new Map(),
    }
    this.#groups.set(id, group)
    for (const role of roles) {
      const groups = this.#byRole.get(role)
      if (groups) groups.add(group)
      else this.#byRole.set(role, new Set([group]))
    }
    return group
  }
}
