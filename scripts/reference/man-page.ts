/** A program's manual page in the `man` macros of troff: section 1, one page for all of its verbs. */
import { EXIT_STATUSES, type ProgramReference, type VerbReference } from './reference.ts'

/** `date`: of the release, `2026-01-31`. `others`: the programs that the page points to. */
export function manPage(
  program: ProgramReference,
  { version, date, others }: { version: string; date: string; others: readonly string[] },
): string {
  return `${[
    `.TH ${program.name.toUpperCase()} 1 ${date} "Mezite ${version}" "Mezite Manual"`,
    ...['.SH NAME', `${text(program.name)} \\- ${text(program.summary)}`],
    ...['.SH SYNOPSIS', `.B ${program.name}`, '.RI [ flags ]', '.I verb', '.RI [ arguments ]'],
    ...['.SH DESCRIPTION', text(program.description)],
    ...['.SH OPTIONS', ...flags(program.flags)],
    ...['.SH VERBS', ...program.verbs.flatMap(verbSection)],
    ...['.SH EXIT STATUS', ...EXIT_STATUSES.flatMap(([code, does]) => item(code, does))],
    ...['.SH SEE ALSO', others.map((name) => `.BR ${name} (1)`).join(' ,\n')],
  ].join('\n')}\n`
}

function verbSection(verb: VerbReference): readonly string[] {
  return [
    `.SS "${text(verb.usage)}"`,
    text(verb.description),
    ...flags(verb.flags),
    ...verb.arguments.flatMap(({ name, help }) => item(name, help)),
    ...(verb.configurable
      ? ['.PP', text('Each flag is a key of the configuration file, without its dashes.')]
      : []),
    ...verb.examples.flatMap(({ does, command }) => [
      ...['.PP', text(`${does[0]?.toUpperCase() ?? ''}${does.slice(1)}:`)],
      ...['.PP', '.nf', '.RS', text(command), '.RE', '.fi'],
    ]),
    ...(verb.seeAlso.length > 0 ? ['.PP', `See also: ${text(verb.seeAlso.join(', '))}.`] : []),
  ]
}

function flags(list: VerbReference['flags']): readonly string[] {
  return list.flatMap(({ flags, help }) => item(flags, help))
}

function item(term: string, help: string): readonly string[] {
  return ['.TP', `.B ${text(term)}`, text(help)]
}

/** Nothing in it is a request or an escape, and a hyphen is the one that can be copied. */
function text(plain: string): string {
  return plain
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replace(/^(?=[.'])/gm, '\\&')
}
