/** A program's verbs as a commander tree. Commander only parses; `src/base/config.ts` decides. */
import { Command, Option } from 'commander'
import { withSecretFiles } from '../base/config.ts'
import { kebabCase, optional, type Parameter, type Parameters } from '../base/parameter.ts'
import { file } from '../base/value-kind.ts'
import { helpAfter, helpStyle, parameterHelp, usageOf } from './help-text.ts'
import { type Entry, isGroup, type Program, type Verb } from './verb.ts'

/** A command line, parsed but not yet interpreted. */
export interface CommandLine {
  readonly verb: Verb
  /** `bots add` */
  readonly path: string
  /** By the parameter's key. */
  readonly flags: Readonly<Record<string, readonly string[]>>
  readonly rest: readonly string[]
}

const FLAGS = 'Flags:'
const VERBS = 'Verbs:'
const OTHER = 'Other:'

const helpOption = (): Option => new Option('-h, --help', 'print this help').helpGroup(OTHER)

/** `--config` itself: read before the others, so no key of a file. */
export const configParameter: Parameter<string | undefined> = optional(file, {
  help: 'read settings from a YAML file',
  env: 'MEZITE_CONFIG',
  group: OTHER,
})

export function parametersOf(verb: Verb): Parameters {
  const parameters = withSecretFiles(verb.parameters)
  return verb.configurable ? { ...parameters, config: configParameter } : parameters
}

export interface TreeOptions {
  readonly writeOut: (text: string) => void
  readonly writeError: (text: string) => void
  readonly act: (line: CommandLine) => Promise<void>
}

export function commandTree(program: Program, version: string, options: TreeOptions): Command {
  const root = new Command(program.name)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: options.writeOut,
      writeErr: options.writeError,
      outputError: () => {},
    })
    .configureHelp(helpStyle)
    .description(program.description)
    .usage('[flags] VERB ...')
    .optionsGroup(FLAGS)
    .commandsGroup(VERBS)
    .version(`${program.name} ${version}`, '--version', 'print the version')
    .addHelpOption(helpOption())
    .helpCommand(false)
    .addHelpText('after', helpAfter(program))
  addFlags(root, program.globals ?? {}, false)
  for (const entry of program.verbs) addEntry(root, entry, [], program, options)
  return root
}

function addEntry(
  parent: Command,
  entry: Entry,
  path: readonly string[],
  program: Program,
  options: TreeOptions,
): void {
  const here = [...path, entry.name]
  const command = parent
    .command(entry.name)
    .summary(entry.summary)
    .description(entry.description)
    .optionsGroup(FLAGS)
    .commandsGroup(VERBS)
    .addHelpOption(helpOption())
    .helpCommand(false)
    .addHelpText('after', helpAfter(entry))
  if (isGroup(entry)) {
    command.usage('VERB ...')
    for (const inner of entry.verbs) addEntry(command, inner, here, program, options)
  } else {
    addVerb(command, entry, here, program, options)
  }
}

function addVerb(
  command: Command,
  verb: Verb,
  path: readonly string[],
  program: Program,
  options: TreeOptions,
): void {
  const positional = verb.positional ?? []
  command.usage(usageOf(verb))
  addFlags(command, parametersOf(verb), verb.configurable ?? false)
  for (const key of positional) command.argument(`[${key}]`)
  if (verb.rest) command.argument(`[${verb.rest.name}...]`)
  if (verb.rest?.verbatim) command.passThroughOptions()
  command.action(async () => {
    const given = command.args.slice(0, positional.length)
    const flags = gatherFlags(command, program)
    for (const [i, text] of given.entries()) {
      const key = positional[i] ?? ''
      flags[key] = [...(flags[key] ?? []), text]
    }
    await options.act({ verb, path: path.join(' '), flags, rest: command.args.slice(given.length) })
  })
}

/** The verb's flags, and the global ones from before the verb where it wasn't given them itself. */
function gatherFlags(command: Command, program: Program): Record<string, readonly string[]> {
  let root = command
  while (root.parent) root = root.parent
  const globals = Object.keys(program.globals ?? {})
  const before = Object.entries(root.opts()).filter(([key]) => globals.includes(key))
  return { ...Object.fromEntries(before), ...command.opts() }
}

function addFlags(command: Command, parameters: Parameters, everyParameter: boolean): void {
  for (const [key, parameter] of Object.entries(parameters)) {
    const { placeholder, alone } = parameter.kind
    const short = parameter.short === undefined ? '' : `-${parameter.short}, `
    const value = valueUsage(placeholder, alone)
    const help = parameterHelp(key, parameter, everyParameter)
    const add = (flags: string, preset: string | undefined, hidden: boolean): void => {
      const option = new Option(flags, help).argParser(collect).hideHelp(hidden)
      if (preset !== undefined) option.preset(preset)
      command.addOption(option.helpGroup(parameter.group ?? FLAGS))
    }
    const isSwitch = placeholder === ''
    const switchedOn = isSwitch && parameter.defaultText === 'true'
    add(`${short}--${kebabCase(key)}${value}`, isSwitch ? 'true' : alone, switchedOn)
    if (switchedOn) add(`--no-${kebabCase(key)}`, 'false', false)
  }
}

function valueUsage(placeholder: string, alone: string | undefined): string {
  if (placeholder === '') return ''
  return alone === undefined ? ` <${placeholder}>` : ` [${placeholder}]`
}

function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text]
}
