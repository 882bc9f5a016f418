import type { Labels } from '../../policy/labels.ts'
import type { NodeRecord } from '../records.ts'
import type { ReachableNode } from './evaluate-access.ts'
import { type LabelView, LabelViews, type ViewSplit } from './label-views.ts'
import type { RoleMatch } from './role-match.ts'

export interface NodeEntry {
  readonly name: string
  readonly labels: Labels
  readonly hosts: readonly string[]
  readonly port: number
  readonly view: LabelView
  /** As it is told to bots, by their logins on it: one object for all who have the same. */
  readonly reached: Map<string, ReachableNode>
}

export class NodeIndex {
  readonly #nodes = new Map<string, NodeEntry>()
  readonly #views: LabelViews
  readonly #byHost = new Map<string, Set<string>>()
  #sorted: readonly NodeEntry[] | undefined

  /** @param matchesOf how the roles stand to nodes with these labels; without those at `none` */
  constructor(matchesOf: (labels: Labels) => Map<string, RoleMatch>) {
    this.#views = new LabelViews(matchesOf)
  }

  get(name: string): NodeEntry | undefined {
    return this.#nodes.get(name)
  }

  get size(): number {
    return this.#nodes.size
  }

  /** By name. */
  list(): readonly NodeEntry[] {
    this.#sorted ??= [...this.#nodes.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
    return this.#sorted
  }

  /** The nodes that have this name, or that are reached under it. */
  reachedAs(host: string): ReadonlySet<string> {
    return this.#byHost.get(host) ?? NONE
  }

  /** False where nothing about it is new for anybody here. */
  set({
    name,
    labels,
    hosts,
    port,
  }: Pick<NodeRecord, 'name' | 'labels' | 'hosts' | 'port'>): boolean {
    const before = this.#nodes.get(name)
    const view =
      before && isSame(before.labels, labels) ? before.view : this.#views.enter(name, labels)
    if (
      before?.view === view &&
      before.port === port &&
      before.hosts.join('\n') === hosts.join('\n')
    ) {
      this.#put({ ...before, labels })
      return false
    }
    if (before) this.#forget(before)
    this.#put({ name, labels, hosts, port, view, reached: new Map() })
    for (const host of [name, ...hosts]) {
      const names = this.#byHost.get(host)
      if (names) names.add(name)
      else this.#byHost.set(host, new Set([name]))
    }
    return true
  }

  /** False where it isn't there. */
  delete(name: string): boolean {
    const node = this.#nodes.get(name)
    if (!node) return false
    this.#views.leave(name)
    this.#forget(node)
    return true
  }

  /** After a role came, went or was edited. Returns the views that came of others. */
  rematch(role: string, matchOf: (labels: Labels) => RoleMatch): readonly ViewSplit[] {
    const labelsOf = (name: string) => this.#nodes.get(name)?.labels ?? {}
    const splits = this.#views.rematch(role, labelsOf, matchOf)
    for (const { view } of splits) {
      for (const name of view.nodes) {
        const node = this.#nodes.get(name)
        if (node) this.#put({ ...node, view })
      }
    }
    return splits
  }

  #forget({ name, hosts }: NodeEntry): void {
    this.#nodes.delete(name)
    this.#sorted = undefined
    for (const host of [name, ...hosts]) {
      const names = this.#byHost.get(host)
      names?.delete(name)
      if (names?.size === 0) this.#byHost.delete(host)
    }
  }

  #put(node: NodeEntry): void {
    this.#nodes.set(node.name, node)
    this.#sorted = undefined
  }
}

const NONE: ReadonlySet<string> = new Set()

function isSame(a: Labels, b: Labels): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}
