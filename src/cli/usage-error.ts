import type { CommanderError } from 'commander'
import { nearestKey } from '../base/nearest-key.ts'
import { kebabCase } from '../base/parameter.ts'
import { CliError } from './cli-error.ts'
import { parametersOf } from './command-tree.ts'
import { type Entry, isGroup, type Program } from './verb.ts'

/**
 * What commander found wrong, in our words. Of an unknown `--flag=value` only the flag is repeated:
 * the value may be a secret.
 */
export function usageError(
  error: CommanderError,
  program: Program,
  argv: readonly string[],
): CliError {
  const [first = '', suggestion = ''] = error.message.split('\n')
  const message = first.replace(/^error: /, '').replace('unknown command', 'unknown verb')
  const [, flag] = /^unknown option '([^'=]*)/.exec(message) ?? []
  if (flag !== undefined) return unknownFlag(flag, flagsAt(program, argv), program.name)
  const nearest = /^\(Did you mean (?:one of )?(.*)\?\)$/.exec(suggestion)?.[1]
  return new CliError('usage', message, {
    hint: nearest ? `did you mean ${nearest}?` : `see ${program.name} --help`,
  })
}

function unknownFlag(flag: string, known: readonly string[], program: string): CliError {
  if (known.includes(flag)) return new CliError('usage', `${flag} takes no value`)
  const nearest = nearestKey(flag, known)
  return new CliError('usage', `unknown flag '${flag}'`, {
    hint: nearest ? `did you mean ${nearest}?` : `see ${program} --help`,
  })
}

/** The flags of the verb to which the words lead. */
function flagsAt(program: Program, argv: readonly string[]): readonly string[] {
  let at: Entry = program
  for (const word of argv) {
    const next: Entry | undefined = isGroup(at)
      ? at.verbs.find(({ name }) => name === word)
      : undefined
    if (next) at = next
  }
  const parameters = isGroup(at) ? (program.globals ?? {}) : parametersOf(at)
  return Object.keys(parameters).map((key) => `--${kebabCase(key)}`)
}
