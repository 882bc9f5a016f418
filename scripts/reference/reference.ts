/** What `--help` says of a whole program, as data: the source of its manual page and of docs. */
import type { Command } from 'commander'
import { commandTree } from '../../src/cli/command-tree.ts'
import { EXIT_MEANINGS } from '../../src/cli/exit-codes.ts'
import { type Entry, type Example, isGroup, type Program } from '../../src/cli/verb.ts'
import { version } from '../../src/cli/version.ts'

export interface FlagReference {
  /** `--ttl <DURATION>` */
  readonly flags: string
  readonly help: string
}

export interface VerbReference {
  /** `mezctl bots add` */
  readonly name: string
  readonly summary: string
  /** `mezctl bots add [flags] NAME`; of a group without what follows its verb. */
  readonly usage: string
  readonly description: string
  readonly flags: readonly FlagReference[]
  readonly arguments: readonly { readonly name: string; readonly help: string }[]
  /** Whether a configuration file is read. */
  readonly configurable: boolean
  readonly examples: readonly Example[]
  readonly seeAlso: readonly string[]
}

export interface ProgramReference {
  readonly name: string
  readonly summary: string
  readonly description: string
  readonly flags: readonly FlagReference[]
  /** In the order of the help text. */
  readonly verbs: readonly VerbReference[]
}

export const EXIT_STATUSES: readonly (readonly [string, string])[] = Object.entries(EXIT_MEANINGS)

export function referenceOf(program: Program): ProgramReference {
  const quiet = () => {}
  const root = commandTree(program, version, {
    writeOut: quiet,
    writeError: quiet,
    act: async () => {},
  })
  return {
    name: program.name,
    summary: program.summary,
    description: program.description,
    flags: flagsOf(root),
    verbs: program.verbs.flatMap((entry) => verbsUnder(entry, root, program.name)),
  }
}

function verbsUnder(entry: Entry, parent: Command, above: string): readonly VerbReference[] {
  const command = parent.commands.find((inner) => inner.name() === entry.name)
  if (command === undefined) throw new Error(`${above} ${entry.name} is not in the tree`)
  const path = `${above} ${entry.name}`
  const isVerb = !isGroup(entry)
  const reference: VerbReference = {
    name: path,
    summary: entry.summary,
    usage: `${path} ${command.usage()}`,
    description: entry.description,
    flags: isVerb ? flagsOf(command) : [],
    arguments: isVerb && entry.rest ? [entry.rest] : [],
    configurable: isVerb && entry.configurable === true,
    examples: entry.examples ?? [],
    seeAlso: entry.seeAlso ?? [],
  }
  const below = isVerb ? [] : entry.verbs.flatMap((inner) => verbsUnder(inner, command, path))
  return [reference, ...below]
}

function flagsOf(command: Command): readonly FlagReference[] {
  return command.options
    .filter(({ hidden, long }) => !hidden && long !== '--help')
    .map(({ flags, description }) => ({ flags, help: description }))
}
