/** Configuration files: one YAML mapping of keys to scalars, or to sequences of scalars. */
import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import { ConfigError } from './config.ts'

export interface ConfigEntry {
  readonly key: string
  /** Counted from 1. */
  readonly line: number
  /** As written; several for a sequence. */
  readonly texts: readonly string[]
}

export interface ConfigFile {
  /** As the user named it. */
  readonly name: string
  /** The directory it stands in, absolute. */
  readonly directory: string
  /** In the file's order; a key may stand there twice. */
  readonly entries: readonly ConfigEntry[]
}

/** @throws ConfigError `malformed-file` */
export function parseConfigFile(name: string, directory: string, text: string): ConfigFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, version: '1.2' })
  const lineOf = (node: unknown): number =>
    Math.max(1, lines.linePos((isNode(node) && node.range?.[0]) || 0).line)
  const malformed = (line: number, problem: string): ConfigError =>
    new ConfigError('malformed-file', `${name}:${line}: ${problem}`, {
      hint: 'write one "key: value" on each line, with the flags\' names as keys',
    })

  const [error] = document.errors
  if (error) throw malformed(lines.linePos(error.pos[0]).line, firstLine(error.message))
  const { contents } = document
  if (contents === null || (isScalar(contents) && contents.value === null)) {
    return { name, directory, entries: [] }
  }
  if (!isMap(contents)) throw malformed(lineOf(contents), 'not a mapping of keys to values')

  const entries = contents.items.map(({ key, value }) => {
    const line = lineOf(key)
    if (!isScalar(key)) throw malformed(line, 'a key that is not plain text')
    const values = isSeq(value) ? value.items : [value]
    const texts = values.map(scalarText)
    if (texts.length === 0 || texts.includes(undefined)) {
      throw malformed(line, `${scalarText(key)}: neither a value nor a list of values`)
    }
    return { key: scalarText(key) ?? '', line, texts: texts.filter((it) => it !== undefined) }
  })
  return { name, directory, entries }
}

/** The text of a scalar as written, whatever YAML takes it for: `0700` stays `0700`. */
function scalarText(node: unknown): string | undefined {
  if (!isScalar(node) || node.value === null) return undefined
  return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value))
}

const firstLine = (message: string): string => message.split('\n')[0]?.replace(/:$/, '') ?? message
