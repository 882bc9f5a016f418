import { type Document, isScalar, LineCounter, parseAllDocuments } from 'yaml'
import type * as z from 'zod'
import { messageOf } from '../base/errors.ts'
import { nearestKey } from '../base/nearest-key.ts'
import {
  type DocumentIndex,
  formatPath,
  indexDocument,
  type Path,
  type Placed,
  type Position,
  positionAt,
} from './document-index.ts'
import { formatProblem, PolicyError, type Problem } from './policy-error.ts'
import type { Role } from './role.ts'
import { KNOWN_KEYS, roleSchema } from './role-schema.ts'

export { formatRole } from './role-format.ts'

/** Bytes of UTF-8 in one file. */
const LARGEST = 64 * 1_024

/** In one document, and in what they expand to. */
const MOST_ALIASES = 32
const EXPANSION = { maxAliasCount: MOST_ALIASES }

type Fault = Omit<Problem, 'file'>

/** One document: its role, or what is wrong with it. */
interface Reading {
  readonly role: Role | undefined
  readonly faults: readonly Fault[]
  readonly nameAt: Position
}

/**
 * Reads a file of role documents (YAML 1.2; several are separated by `---`, empty ones are skipped),
 * in order. `file` names it in messages only. What `formatRole` writes is read back as the same
 * role; spelling, comments and the order of keys are not kept.
 *
 * @throws PolicyError `invalid-document` with every problem of every document
 */
export function parseRoleDocuments(text: string, file: string): readonly Role[] {
  const readings = readDocuments(text)
  const faults = [...readings.flatMap((reading) => reading.faults), ...repeatedNames(readings)]
  if (faults.length === 0) return readings.flatMap(({ role }) => role ?? [])
  const problems = faults
    // The library quotes the text in its messages: nothing of it may reach a terminal as control.
    .map((fault) => ({ file, ...fault, message: fault.message.replace(/\p{C}+/gu, ' ') }))
    .sort((a, b) => a.line - b.line || a.column - b.column)
  throw new PolicyError('invalid-document', problems.map(formatProblem).join('\n'), { problems })
}

function readDocuments(text: string): readonly Reading[] {
  if (Buffer.byteLength(text) > LARGEST) return [wholeFile(`larger than ${LARGEST} bytes`)]
  const lineCounter = new LineCounter()
  const documents = [
    ...parseAllDocuments(text, {
      lineCounter,
      logLevel: 'silent',
      prettyErrors: false,
      resolveKnownTags: false,
      stringKeys: true,
      // The index finds duplicate keys, with their paths.
      uniqueKeys: false,
    }),
  ].filter((document) => !isEmpty(document))
  if (documents.length === 0) return [wholeFile('no role in this file')]
  return documents.map((document) => readDocument(document, lineCounter))
}

function isEmpty({ contents, errors }: Document.Parsed): boolean {
  return (
    errors.length === 0 && (contents === null || (isScalar(contents) && contents.source === ''))
  )
}

function wholeFile(message: string): Reading {
  const start = { line: 1, column: 1 }
  return { role: undefined, faults: [{ ...start, path: '', message }], nameAt: start }
}

function readDocument(document: Document.Parsed, lines: LineCounter): Reading {
  const index = indexDocument(document, lines)
  const nameAt = index.position(['metadata', 'name'], 'value')
  const place = ({ offset, path, value }: Placed<string>): Fault => ({
    ...positionAt(lines, offset),
    path: formatPath(path),
    message: value,
  })
  const broken = structuralProblems(document, index).map(place)
  const badKeys = index.badKeys.map(place)
  if (broken.length > 0) return { role: undefined, faults: [...broken, ...badKeys], nameAt }
  const { data: role, error } = roleSchema.safeParse(document.toJS(EXPANSION))
  const faults = (error?.issues ?? []).flatMap((issue) => issueFaults(issue, index))
  return { role, faults: [...badKeys, ...faults], nameAt }
}

/** What keeps a document from having a value at all. */
function structuralProblems(
  document: Document.Parsed,
  index: DocumentIndex,
): readonly Placed<string>[] {
  if (index.tooDeep.length > 0) return index.tooDeep
  const syntax = [...document.errors, ...document.warnings]
  if (syntax.length === 0) return aliasProblems(document, index)
  return syntax.map(({ pos: [offset], message }) => ({
    path: index.pathAt(offset),
    offset,
    value: message,
  }))
}

/** Why the aliases of a document can't be resolved, each at an alias; none when they can. */
function aliasProblems(
  document: Document.Parsed,
  { aliases }: DocumentIndex,
): readonly Placed<string>[] {
  const excess = aliases[MOST_ALIASES]
  if (excess !== undefined) return [{ ...excess, value: `more than ${MOST_ALIASES} aliases` }]
  const dangling = aliases.filter(({ value }) => value.resolve(document) === undefined)
  if (dangling.length > 0) {
    return dangling.map((alias) => ({ ...alias, value: `no anchor &${alias.value.source} before` }))
  }
  try {
    document.toJS(EXPANSION)
    return []
  } catch (error) {
    return aliases.slice(-1).map((alias) => ({ ...alias, value: messageOf(error) }))
  }
}

function issueFaults(issue: z.core.$ZodIssue, index: DocumentIndex): readonly Fault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const near = nearestKey(key, KNOWN_KEYS.get(formatPath(issue.path)) ?? [])
      const message = near === undefined ? 'unknown key' : `unknown key, did you mean "${near}"?`
      return fault(index, [...issue.path, key], 'key', message)
    })
  }
  if (issue.code === 'invalid_key') {
    return issue.issues.map(({ message }) => fault(index, issue.path, 'key', message))
  }
  // The schema takes a lone label value for a list of one.
  const lone = issue.path.at(-1) === 0 && !index.has(issue.path)
  return [fault(index, lone ? issue.path.slice(0, -1) : issue.path, 'value', issue.message)]
}

function fault(index: DocumentIndex, path: Path, of: 'key' | 'value', message: string): Fault {
  return { ...index.position(path, of), path: formatPath(path), message }
}

/** Each name after its first: which of the two documents was meant is anyone's guess. */
function repeatedNames(readings: readonly Reading[]): readonly Fault[] {
  const names = readings.map(({ role }) => role?.name)
  return readings.flatMap(({ role, nameAt }, i) =>
    role !== undefined && names.indexOf(role.name) < i
      ? [{ ...nameAt, path: 'metadata.name', message: `a second role "${role.name}" in this file` }]
      : [],
  )
}
