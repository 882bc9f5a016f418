import {
  type Alias,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type LineCounter,
} from 'yaml'

/** Mapping keys and list positions, from the root of a document. */
export type Path = readonly PropertyKey[]

/** Line and column, counted from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** Where the keys and values of one YAML document stand. */
export interface DocumentIndex {
  readonly aliases: readonly Placed<Alias>[]
  /** Keys that stand in their mapping a second time, or that no schema would see. */
  readonly badKeys: readonly Placed<string>[]
  /** Collections nested deeper than in any document that a schema accepts; not looked into. */
  readonly tooDeep: readonly Placed<string>[]
  /** Of the key, or else the value, at `path`; of its nearest ancestor when it isn't there. */
  position(path: Path, of: 'key' | 'value'): Position
  has(path: Path): boolean
  /** The last path that begins at or before `offset`. */
  pathAt(offset: number): Path
}

/** Something at a path and an offset into the text: an alias, or what is wrong with a key. */
export interface Placed<Value> {
  readonly path: Path
  readonly offset: number
  readonly value: Value
}

interface Entry {
  readonly path: Path
  readonly key: number
  readonly value: number
}

const DEEPEST = 16

export function indexDocument(document: Document.Parsed, lines: LineCounter): DocumentIndex {
  const root: Entry = { path: [], key: document.range[0], value: document.range[0] }
  const entries = new Map<string, Entry>()
  const badKeys: Placed<string>[] = []
  const aliases: Placed<Alias>[] = []
  const tooDeep: Placed<string>[] = []

  function visit(node: unknown, path: Path, keyOffset: number | undefined): void {
    const value = offsetOf(node) ?? keyOffset ?? root.value
    entries.set(formatPath(path), { path, key: keyOffset ?? value, value })
    if (isAlias(node)) aliases.push({ path, offset: value, value: node })
    if (path.length === DEEPEST && isCollection(node)) {
      tooDeep.push({ path, offset: value, value: 'nested too deeply' })
      return
    }
    if (isSeq(node))
      for (const [i, item] of node.items.entries()) visit(item, [...path, i], undefined)
    if (isMap(node)) for (const pair of node.items) visitPair(pair.key, pair.value, path)
  }

  function visitPair(key: unknown, value: unknown, parent: Path): void {
    const name = isScalar(key) ? String(key.value) : ''
    const path = [...parent, name]
    const offset = offsetOf(key) ?? root.key
    if (entries.has(formatPath(path))) badKeys.push({ path, offset, value: 'duplicate key' })
    // Objects and schemas treat this one name apart from all others.
    if (name === '__proto__') badKeys.push({ path, offset, value: 'unknown key' })
    visit(value, path, offset)
  }

  function nearest(path: Path): Entry {
    const entry = entries.get(formatPath(path))
    return entry ?? (path.length > 0 ? nearest(path.slice(0, -1)) : root)
  }

  visit(document.contents, [], undefined)
  return {
    aliases,
    badKeys,
    tooDeep,
    has: (path) => entries.has(formatPath(path)),
    position: (path, of) => positionAt(lines, nearest(path)[of]),
    pathAt: (offset) => [...entries.values()].findLast(({ key }) => key <= offset)?.path ?? [],
  }
}

export function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(line, 1), column: Math.max(col, 1) }
}

/** `spec.allow.logins[0]`, `spec.allow.node_labels["a.b"]` */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    const key = String(step)
    if (!/^[\w-]+$/.test(key)) return `${text}[${JSON.stringify(key)}]`
    return text === '' ? key : `${text}.${key}`
  }, '')
}

function offsetOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined
}
