import type { Labels } from '../../policy/labels.ts'
import type { NodeRecord } from '../records.ts'

/** The nodes that have the same labels: what is granted on one is granted on all of them. */
export interface LabelView {
  readonly key: string
  readonly labels: Labels
  readonly nodes: Set<string>
}

export interface NodeEntry {
  readonly name: string
  readonly hosts: readonly string[]
  readonly port: number
  readonly view: LabelView
}

export class NodeIndex {
  readonly #nodes = new Map<string, NodeEntry>()
  readonly #views = new Map<string, LabelView>()
  readonly #byHost = new Map<string, Set<string>>()
  #sorted: readonly NodeEntry[] | undefined

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

  /** False where nothing about it is new here. */
  set({
    name,
    labels,
    hosts,
    port,
  }: Pick<NodeRecord, 'name' | 'labels' | 'hosts' | 'port'>): boolean {
    const before = this.#nodes.get(name)
    const key = labelsKey(labels)
    if (
      before?.view.key === key &&
      before.port === port &&
      before.hosts.join('\n') === hosts.join('\n')
    ) {
      return false
    }
    this.delete(name)
    this.#sorted = undefined
    const view = this.#views.get(key) ?? { key, labels, nodes: new Set() }
    this.#views.set(key, view)
    view.nodes.add(name)
    this.#nodes.set(name, { name, hosts, port, view })
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
    this.#nodes.delete(name)
    this.#sorted = undefined
    const { view } = node
    view.nodes.delete(name)
    if (view.nodes.size === 0) this.#views.delete(view.key)
    for (const host of [name, ...node.hosts]) {
      const names = this.#byHost.get(host)
      names?.delete(name)
      if (names?.size === 0) this.#byHost.delete(host)
    }
    return true
  }
}

const NONE: ReadonlySet<string> = new Set()

function labelsKey(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
}
