/** The bots that are connected, and which nodes each of them was told that it may enter. */
import type { TrustBundle } from '../issuing.ts'
import type { AccessState } from './access-state.ts'
import type { BotEntry, Group } from './bot-groups.ts'
import { type ReachableNode, reach } from './evaluate-access.ts'
import type { PendingChanges } from './pending-changes.ts'

/** Everything that a bot is told, each time whole. Equal lists of nodes are mostly one object. */
export interface BotUpdate {
  /** By name. */
  readonly nodes: readonly ReachableNode[]
  readonly trust: TrustBundle
}

/** A listener must not throw. */
export interface BotListener {
  update(update: BotUpdate): void
  /** The bot was removed; nothing follows. */
  gone(): void
}

interface Watch {
  readonly bot: string
  readonly listener: BotListener
  nodes: readonly ReachableNode[]
}

/** What the members of a group may enter, kept while one of them watches. */
interface GroupReach {
  readonly nodes: Map<string, ReachableNode>
  list: readonly ReachableNode[]
}

const NOWHERE: readonly ReachableNode[] = []

export class BotWatches {
  readonly #state: AccessState
  readonly #trust: () => TrustBundle
  readonly #watches = new Set<Watch>()
  readonly #reaches = new Map<string, GroupReach>()

  constructor(state: AccessState, trust: () => TrustBundle) {
    this.#state = state
    this.#trust = trust
  }

  /** Tells the listener everything at once. Nothing may be pending. The bot exists. */
  watch(bot: string, listener: BotListener): () => void {
    const watch: Watch = { bot, listener, nodes: this.#keptNodesOf(bot) }
    this.#watches.add(watch)
    listener.update({ nodes: watch.nodes, trust: this.#trust() })
    return () => this.#watches.delete(watch)
  }

  /**
   * The nodes that the bot may enter. Nothing may be pending. Kept only for groups that are watched:
   * what is asked for once, by every bot in turn, would fill the memory.
   */
  nodesOf(bot: string): readonly ReachableNode[] {
    const entry = this.#unlocked(bot)
    if (!entry) return NOWHERE
    return this.#reaches.get(entry.group.id)?.list ?? this.#reach(entry)
  }

  #keptNodesOf(bot: string): readonly ReachableNode[] {
    const entry = this.#unlocked(bot)
    if (!entry) return NOWHERE
    return (this.#reaches.get(entry.group.id) ?? this.#open(entry)).list
  }

  #unlocked(bot: string): BotEntry | undefined {
    return this.#state.locks.has('bot', bot) ? undefined : this.#state.bots.get(bot)
  }

  /** Tells every listener what is pending for its bot. */
  flush(pending: PendingChanges): void {
    this.#refresh(pending)
    for (const watch of [...this.#watches]) {
      const { bot, listener } = watch
      if (pending.goneBots.has(bot)) {
        this.#watches.delete(watch)
        listener.gone()
        continue
      }
      const nodes = this.#keptNodesOf(bot)
      const before = watch.nodes
      watch.nodes = nodes
      if (pending.trust || !isSame(nodes, before)) {
        listener.update({ nodes, trust: this.#trust() })
      }
    }
    this.#forgetUnwatched()
  }

  #reach(bot: BotEntry): readonly ReachableNode[] {
    return this.#state.nodes.list().flatMap((node) => reach(this.#state, bot, node) ?? [])
  }

  #open(bot: BotEntry): GroupReach {
    // Asked of an unlocked bot, the answer is that of its whole group.
    const list = this.#reach(bot)
    const opened = { nodes: new Map(list.map((node) => [node.name, node])), list }
    this.#reaches.set(bot.group.id, opened)
    return opened
  }

  #refresh(pending: PendingChanges): void {
    for (const [id, kept] of this.#reaches) {
      const group = this.#state.bots.group(id)
      const member = group && this.#anyMember(group)
      if (!member || pending.groups.has(id)) this.#reaches.delete(id)
      else this.#refreshNodes(kept, member, pending)
    }
  }

  #refreshNodes(kept: GroupReach, member: BotEntry, pending: PendingChanges): void {
    let changed = false
    for (const name of pending.nodes) {
      const node = this.#state.nodes.get(name)
      const now = node && reach(this.#state, member, node)
      const before = kept.nodes.get(name)
      if (now === before || (now && before && isSameNode(now, before))) continue
      changed = true
      if (now) kept.nodes.set(name, now)
      else kept.nodes.delete(name)
    }
    if (changed) {
      kept.list = [...kept.nodes.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
    }
  }

  #anyMember({ members }: Group): BotEntry | undefined {
    for (const name of members) return this.#state.bots.get(name)
    return undefined
  }

  #forgetUnwatched(): void {
    if (this.#reaches.size === 0) return
    const watched = new Set<string>()
    for (const { bot } of this.#watches) {
      const entry = this.#state.bots.get(bot)
      if (entry) watched.add(entry.group.id)
    }
    for (const id of this.#reaches.keys()) if (!watched.has(id)) this.#reaches.delete(id)
  }
}

function isSame(a: readonly ReachableNode[], b: readonly ReachableNode[]): boolean {
  return (
    a === b ||
    (a.length === b.length &&
      a.every((node, index) => {
        const other = b[index]
        return other !== undefined && isSameNode(node, other)
      }))
  )
}

function isSameNode(a: ReachableNode, b: ReachableNode): boolean {
  return (
    a.name === b.name &&
    a.port === b.port &&
    a.hosts.join('\n') === b.hosts.join('\n') &&
    a.logins.join('\n') === b.logins.join('\n')
  )
}
