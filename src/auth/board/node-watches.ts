/** The nodes that are connected, and what each of them has been told. */
import type { TrustBundle } from '../issuing.ts'
import type { LockRecord, SessionRecord } from '../records.ts'
import type { AccessState } from './access-state.ts'
import { evaluateAccess } from './evaluate-access.ts'
import type { LabelView } from './label-views.ts'
import { isEmpty, NOTHING, type NodeListener, type NodeUpdate } from './node-update.ts'
import type { PendingChanges } from './pending-changes.ts'
import { membershipUpdates, ToldView } from './told-view.ts'

interface Watch {
  readonly node: string
  readonly listener: NodeListener
  /** Whose grants it was told; undefined while the node is locked. */
  view: LabelView | undefined
  /** The sessions that it was told to end. */
  ending: ReadonlySet<string>
}

export class NodeWatches {
  readonly #state: AccessState
  readonly #trust: () => TrustBundle
  readonly #byNode = new Map<string, Set<Watch>>()
  readonly #told = new Map<LabelView, ToldView>()
  /** The full updates that fit any node with these labels and no locks or endings of its own. */
  readonly #snapshots = new Map<LabelView | undefined, NodeUpdate>()
  #locks: readonly LockRecord[] | undefined

  constructor(state: AccessState, trust: () => TrustBundle) {
    this.#state = state
    this.#trust = trust
  }

  /** Nodes with a watch. */
  get size(): number {
    return this.#byNode.size
  }

  has(node: string): boolean {
    return this.#byNode.has(node)
  }

  /** Tells the listener everything at once. Nothing may be pending. The node exists. */
  watch(node: string, listener: NodeListener): () => void {
    const ending = new Set(this.#endings(node))
    const watch: Watch = { node, listener, view: this.#viewOf(node), ending }
    const watches = this.#byNode.get(node)
    if (watches) watches.add(watch)
    else this.#byNode.set(node, new Set([watch]))
    listener.update(this.#full(node, watch.view, ending))
    return () => this.#remove(watch)
  }

  /** What a watch would be told first. */
  snapshot(node: string): NodeUpdate {
    return this.#full(node, this.#viewOf(node), new Set(this.#endings(node)))
  }

  /** Tells every listener what is pending for its node. */
  flush(pending: PendingChanges): void {
    this.#snapshots.clear()
    if (pending.locks) this.#locks = undefined
    this.#split(pending)
    const everywhere = this.#everywhere(pending)
    const memberships = membershipUpdates(this.#state, pending)
    const byView = new Map<LabelView, NodeUpdate>()
    for (const [view, told] of this.#told) {
      byView.set(view, { ...everywhere, ...told.changes(pending, memberships) })
    }
    for (const watches of [...this.#byNode.values()]) {
      for (const watch of [...watches]) {
        this.#follow(watch, pending)
        this.#tell(watch, pending, (watch.view && byView.get(watch.view)) ?? everywhere)
      }
    }
    this.#forgetUnwatched()
  }

  /** What the nodes of a view were told, those of the views that came of it were told too. */
  #split({ splits }: PendingChanges): void {
    for (const [view, from] of splits) {
      const told = this.#told.get(from)
      if (told) this.#told.set(view, told.split(view))
    }
  }

  #follow(watch: Watch, { splits }: PendingChanges): void {
    // A node that was locked has been told nothing that it could go on from.
    if (splits.size === 0 || !watch.view) return
    const view = this.#viewOf(watch.node)
    if (view && splits.get(view) === watch.view) watch.view = view
  }

  #tell(watch: Watch, pending: PendingChanges, shared: NodeUpdate): void {
    const { node, listener } = watch
    if (pending.goneNodes.has(node)) {
      this.#end(watch)
      return
    }
    if (pending.nodes.has(node)) {
      const view = this.#viewOf(node)
      if (view !== watch.view) {
        watch.view = view
        watch.ending = new Set(this.#endings(node))
        listener.update(this.#full(node, view, watch.ending))
        return
      }
    }
    const endSessions = this.#newEndings(watch, pending)
    const ownLocks = pending.lockedNodes.has(node) || (pending.locks && this.#hasOwnLocks(node))
    const update =
      ownLocks || endSessions.length > 0
        ? { ...shared, endSessions, ...(ownLocks && { locks: this.#locksFor(node) }) }
        : shared
    if (!isEmpty(update)) listener.update(update)
  }

  #end(watch: Watch): void {
    this.#remove(watch)
    watch.listener.update({ ...NOTHING, full: true, locks: [], trust: this.#trust() })
    watch.listener.gone()
  }

  #remove(watch: Watch): void {
    const watches = this.#byNode.get(watch.node)
    watches?.delete(watch)
    if (watches?.size === 0) this.#byNode.delete(watch.node)
  }

  /** What concerns all nodes alike. */
  #everywhere(pending: PendingChanges): NodeUpdate {
    const revoked: bigint[] = []
    const forgotten: bigint[] = []
    for (const [serial, was] of pending.serials()) {
      const is = this.#state.certificates.isRevoked(serial)
      if (is && !was) revoked.push(serial)
      if (was && !is) forgotten.push(serial)
    }
    const locks = pending.locks ? this.#commonLocks() : undefined
    const trust = pending.trust ? this.#trust() : undefined
    return { ...NOTHING, revoked, forgotten, locks, trust }
  }

  #full(node: string, view: LabelView | undefined, ending: ReadonlySet<string>): NodeUpdate {
    const common = this.#snapshots.get(view) ?? this.#commonFull(view)
    this.#snapshots.set(view, common)
    if (ending.size === 0 && !this.#hasOwnLocks(node)) return common
    return { ...common, locks: this.#locksFor(node), endSessions: [...ending] }
  }

  #commonFull(view: LabelView | undefined): NodeUpdate {
    return {
      ...NOTHING,
      full: true,
      groups: view ? this.#toldOf(view).snapshot() : [],
      revoked: this.#state.certificates.revoked(),
      locks: this.#commonLocks(),
      trust: this.#trust(),
    }
  }

  #viewOf(node: string): LabelView | undefined {
    return this.#state.isNodeLocked(node) ? undefined : this.#state.nodes.get(node)?.view
  }

  #toldOf(view: LabelView): ToldView {
    const told = this.#told.get(view) ?? ToldView.from(this.#state, view)
    this.#told.set(view, told)
    return told
  }

  #forgetUnwatched(): void {
    const watched = new Set<LabelView | undefined>()
    for (const watches of this.#byNode.values()) for (const { view } of watches) watched.add(view)
    for (const view of this.#told.keys()) if (!watched.has(view)) this.#told.delete(view)
  }

  #hasOwnLocks(node: string): boolean {
    return this.#state.isNodeLocked(node)
  }

  #commonLocks(): readonly LockRecord[] {
    this.#locks ??= this.#state.locks.list().filter(({ target }) => target.kind !== 'node')
    return this.#locks
  }

  #locksFor(node: string): readonly LockRecord[] {
    if (!this.#hasOwnLocks(node)) return this.#commonLocks()
    return this.#state.locks
      .list()
      .filter(({ target }) => target.kind !== 'node' || target.node === node)
  }

  #newEndings(watch: Watch, pending: PendingChanges): readonly string[] {
    if (!mayEndSessions(pending, watch.node)) return []
    const before = watch.ending
    watch.ending = new Set(this.#endings(watch.node))
    return [...watch.ending].filter((id) => !before.has(id))
  }

  #endings(node: string): readonly string[] {
    return [...this.#state.sessions.on(node)]
      .filter((session) => isOver(this.#state, session))
      .map(({ id }) => id)
  }
}

function mayEndSessions(pending: PendingChanges, node: string): boolean {
  const { locks, sessionNodes, nodes, bots, groups } = pending
  return locks || sessionNodes.has(node) || nodes.has(node) || bots.size > 0 || groups.size > 0
}

/**
 * Whether a session is to end: it was asked for, its bot is gone, or a lock is on what it is made
 * of. A lock on a role ends what the bot can no longer enter. A role that is merely edited ends
 * nothing.
 */
export function isOver(state: AccessState, session: SessionRecord): boolean {
  const { sessions, bots, nodes, locks } = state
  const bot = bots.get(session.bot)
  if (!bot || sessions.isEnding(session)) return true
  if (
    locks.has('bot', session.bot) ||
    locks.has('instance', session.instanceId) ||
    locks.has('node', session.node) ||
    locks.has('login', session.login)
  ) {
    return true
  }
  const node = nodes.get(session.node)
  return (
    node !== undefined &&
    bot.roles.some((role) => locks.has('role', role)) &&
    !evaluateAccess(state, bot, node).some(({ login }) => login === session.login)
  )
}
