/** A program's reference as a page of docs/reference: all of its verbs, in the order of the help text. */
import { EXIT_STATUSES, type ProgramReference, type VerbReference } from './reference.ts'

/** `others`: the programs whose pages stand beside it. */
export function markdownPage(program: ProgramReference, others: readonly string[]): string {
  const pages = others.map((name) => `[${name}](${name}.md)`).join(', ')
  return `${[
    `# ${program.name}`,
    text(program.description),
    `This page is made from what \`--help\` says; \`${program.name} help VERB\` has the same on a terminal. The other programs: ${pages}.`,
    contents(program.verbs),
    ...program.verbs.flatMap(section),
    ...['## Everywhere', flags(program.flags)],
    ...['## Exit codes', list(EXIT_STATUSES.map(([code, does]) => `\`${code}\`: ${text(does)}`))],
  ]
    .filter((part) => part !== '')
    .join('\n\n')}\n`
}

function contents(verbs: readonly VerbReference[]): string {
  return list(
    verbs.map(({ name, summary }) => `[\`${name}\`](#${anchorOf(name)}): ${text(summary)}`),
  )
}

function section(verb: VerbReference): readonly string[] {
  return [
    `## ${verb.name}`,
    code([verb.usage]),
    text(verb.description),
    flags(verb.flags),
    list(verb.arguments.map(({ name, help }) => `\`${name}\`: ${text(help)}`)),
    verb.configurable
      ? 'Each flag is also a key of the file that `--config` names, without its dashes.'
      : '',
    code(verb.examples.flatMap(({ does, command }) => [`# ${does}`, ...command.split('\n')])),
    verb.seeAlso.length > 0 ? `See also: ${verb.seeAlso.map((it) => `\`${it}\``).join(', ')}.` : '',
  ]
}

function flags(all: VerbReference['flags']): string {
  return list(all.map(({ flags, help }) => `\`${flags}\`: ${text(help)}`))
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n')
}

function code(lines: readonly string[]): string {
  return lines.length === 0 ? '' : ['```sh', ...lines, '```'].join('\n')
}

/** As GitHub makes it from a heading. */
export function anchorOf(heading: string): string {
  return heading.toLowerCase().replaceAll(' ', '-')
}

/** Nothing in it is markup. */
function text(plain: string): string {
  return plain.replaceAll(/[\\`*<[]|(?<!\w)_|_(?!\w)/g, '\\$&')
}
