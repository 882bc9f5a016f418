/** Help that teaches: what commander's own help lacks. */
import type { HelpConfiguration } from 'commander'
import { environmentName, kebabCase, type Parameter } from '../base/parameter.ts'
import { EXIT_MEANINGS } from './exit-codes.ts'
import { type Entry, isGroup, type Verb } from './verb.ts'

export const helpStyle: HelpConfiguration = {
  subcommandTerm: (command) => command.name(),
  // The usage line and the description say it.
  visibleArguments: () => [],
  // All facts stand in the description already.
  optionDescription: (option) => option.description,
}

/** `how often to renew (default: 20m; MEZITE_RENEWAL_INTERVAL)` */
export function parameterHelp(
  key: string,
  parameter: Parameter<unknown>,
  everyParameter: boolean,
): string {
  const { help, defaultText, absent } = parameter
  const facts = [
    absent === 'refused' ? 'required' : undefined,
    defaultText === undefined ? undefined : `default: ${defaultText}`,
    environmentName(key, parameter, everyParameter),
  ].filter((fact) => fact !== undefined)
  return facts.length > 0 ? `${help} (${facts.join('; ')})` : help
}

/** `[flags] NAME`: what comes after the verb. */
export function usageOf(verb: Verb): string {
  const positional = (verb.positional ?? []).map((key) => {
    const name = kebabCase(key).toUpperCase()
    return verb.parameters[key]?.absent === 'refused' ? name : `[${name}]`
  })
  return ['[flags]', ...positional, ...(verb.rest ? [`[${verb.rest.name}...]`] : [])].join(' ')
}

/** Everything that stands below the flags. */
export function helpAfter(entry: Entry): string {
  const { examples = [], seeAlso = [] } = entry
  return [
    isGroup(entry) ? [] : argumentsNote(entry),
    section(
      'Examples:',
      examples.flatMap(({ command, does }) => [`# ${does}`, command]),
    ),
    section(
      'Exit codes:',
      Object.entries(EXIT_MEANINGS).map(([code, meaning]) => `${code}  ${meaning}`),
    ),
    section('See also:', seeAlso.length > 0 ? [seeAlso.join(', ')] : []),
  ]
    .flat()
    .join('\n')
}

function argumentsNote({ configurable, rest }: Verb): string[] {
  return [
    ...section(
      'Configuration file:',
      configurable
        ? [
            'Each flag is a key of the file, without its dashes: data-dir: /srv/mezite.',
            'A flag wins over the environment, the environment over the file.',
          ]
        : [],
    ),
    ...section('Arguments:', rest ? [`${rest.name}  ${rest.help}`] : []),
  ]
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length > 0 ? ['', title, ...lines.map((line) => `  ${line}`)] : []
}
