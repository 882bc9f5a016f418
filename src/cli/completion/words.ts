/** What can follow on a command line, out of a program's verbs: the data behind every shell's script. */
import { kebabCase, type Parameters } from '../../base/parameter.ts'
import { parametersOf } from '../command-tree.ts'
import { type Entry, isGroup, type Program } from '../verb.ts'

export interface Flag {
  /** With its dashes. */
  readonly name: string
  readonly help: string
  /** Undefined for a switch, which takes no value, and where one may be left out. */
  readonly value: 'nothing' | 'file' | 'directory' | readonly string[] | undefined
}

/** One place in the tree of verbs. */
export interface Place {
  /** The words that lead there, `bots add`; empty at the top. */
  readonly path: string
  readonly verbs: readonly { readonly name: string; readonly help: string }[]
  readonly flags: readonly Flag[]
}

export function placesOf(program: Program): readonly Place[] {
  const top: Place = {
    path: '',
    verbs: program.verbs.map(nameAndHelp),
    flags: [
      ...flagsOf(program.globals ?? {}),
      { name: '--help', help: 'print this help', value: undefined },
      { name: '--version', help: 'print the version', value: undefined },
    ],
  }
  return [top, ...program.verbs.flatMap((entry) => placesUnder(entry, []))]
}

function placesUnder(entry: Entry, above: readonly string[]): readonly Place[] {
  const here = [...above, entry.name]
  const help: Flag = { name: '--help', help: 'print this help', value: undefined }
  const place: Place = {
    path: here.join(' '),
    verbs: isGroup(entry) ? entry.verbs.map(nameAndHelp) : [],
    flags: isGroup(entry) ? [help] : [...flagsOf(parametersOf(entry)), help],
  }
  return [place, ...(isGroup(entry) ? entry.verbs.flatMap((it) => placesUnder(it, here)) : [])]
}

function flagsOf(parameters: Parameters): readonly Flag[] {
  return Object.entries(parameters).map(([key, { kind, help }]) => ({
    name: `--${kebabCase(key)}`,
    help,
    value: kind.placeholder === '' || kind.alone !== undefined ? undefined : kind.completion,
  }))
}

function nameAndHelp({ name, summary }: Entry): { name: string; help: string } {
  return { name, help: summary }
}
