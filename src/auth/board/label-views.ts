import type { Labels } from '../../policy/labels.ts'
import type { RoleMatch } from './role-match.ts'

/**
 * Nodes that no role tells apart: what is granted on one is granted on all of them. Labels that no
 * role asks about, such as one that each node has for itself, make no views.
 */
export interface LabelView {
  readonly nodes: ReadonlySet<string>
  /** Those of one of its nodes. */
  readonly labels: Labels
}

/** A view some of whose nodes are in a new one from now on; until now both were one. */
export interface ViewSplit {
  readonly view: LabelView
  readonly from: LabelView
}

class View implements LabelView {
  readonly nodes = new Set<string>()
  labels: Labels
  /** How the roles stand to its nodes; without those at `none`. */
  readonly matches: Map<string, RoleMatch>
  /** The same for equal matches. */
  signature: string

  constructor(labels: Labels, matches: Map<string, RoleMatch>) {
    this.labels = labels
    this.matches = matches
    this.signature = signatureOf(matches)
  }
}

/**
 * Which view each node is in. When a role is edited, views may split; two that become alike stay
 * two, so that nobody has to be told everything anew.
 */
export class LabelViews {
  readonly #matchesOf: (labels: Labels) => Map<string, RoleMatch>
  readonly #ofNode = new Map<string, View>()
  readonly #views = new Set<View>()
  /** One of those with this signature. */
  readonly #bySignature = new Map<string, View>()

  /** @param matchesOf how the roles stand to nodes with these labels; without those at `none` */
  constructor(matchesOf: (labels: Labels) => Map<string, RoleMatch>) {
    this.#matchesOf = matchesOf
  }

  /** Puts the node into the view of its labels: into none but its own, where that is one. */
  enter(node: string, labels: Labels): LabelView {
    const own = this.#ofNode.get(node)
    const wanted = new View(labels, this.#matchesOf(labels))
    if (own?.signature === wanted.signature) return own
    this.leave(node)
    const view = this.#bySignature.get(wanted.signature) ?? wanted
    this.#put(node, view)
    return view
  }

  leave(node: string): void {
    const view = this.#ofNode.get(node)
    if (!view) return
    this.#ofNode.delete(node)
    view.nodes.delete(node)
    if (view.nodes.size > 0) return
    this.#views.delete(view)
    this.#unlist(view)
  }

  /** After a role came, went or was edited. */
  rematch(
    role: string,
    labelsOf: (node: string) => Labels,
    matchOf: (labels: Labels) => RoleMatch,
  ): readonly ViewSplit[] {
    const splits: ViewSplit[] = []
    for (const view of [...this.#views]) {
      const [kept, ...others] = partsOf(view, labelsOf, matchOf)
      for (const part of others) {
        const matches = withMatch(new Map(view.matches), role, part.match)
        const split = new View(part.labels, matches)
        for (const node of part.nodes) {
          view.nodes.delete(node)
          this.#put(node, split)
        }
        splits.push({ view: split, from: view })
      }
      if (kept) this.#become(view, role, kept)
    }
    return splits
  }

  #put(node: string, view: View): void {
    view.nodes.add(node)
    this.#ofNode.set(node, view)
    this.#list(view)
  }

  #become(view: View, role: string, { match, labels }: Part): void {
    view.labels = labels
    if ((view.matches.get(role) ?? 'none') === match) return
    this.#unlist(view)
    view.signature = signatureOf(withMatch(view.matches, role, match))
    this.#list(view)
  }

  #list(view: View): void {
    this.#views.add(view)
    if (!this.#bySignature.has(view.signature)) this.#bySignature.set(view.signature, view)
  }

  #unlist(view: View): void {
    if (this.#bySignature.get(view.signature) === view) this.#bySignature.delete(view.signature)
  }
}

/** The nodes of a view to which a role stands alike. */
interface Part {
  readonly match: RoleMatch
  readonly labels: Labels
  readonly nodes: string[]
}

/** The largest first. */
function partsOf(
  { nodes }: View,
  labelsOf: (node: string) => Labels,
  matchOf: (labels: Labels) => RoleMatch,
): readonly Part[] {
  const parts = new Map<RoleMatch, Part>()
  for (const node of nodes) {
    const labels = labelsOf(node)
    const match = matchOf(labels)
    const part = parts.get(match) ?? { match, labels, nodes: [] }
    parts.set(match, part)
    part.nodes.push(node)
  }
  return [...parts.values()].sort((a, b) => b.nodes.length - a.nodes.length)
}

function withMatch(
  matches: Map<string, RoleMatch>,
  role: string,
  match: RoleMatch,
): Map<string, RoleMatch> {
  if (match === 'none') matches.delete(role)
  else matches.set(role, match)
  return matches
}

function signatureOf(matches: ReadonlyMap<string, RoleMatch>): string {
  return [...matches]
    .map(([role, match]) => `${role} ${match}`)
    .sort()
    .join('\n')
}
