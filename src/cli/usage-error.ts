import type { CommanderError } from 'commander'
import { CliError } from './cli-error.ts'

/** What commander found wrong, in our words. */
export function usageError(error: CommanderError, program: string): CliError {
  const [first = '', suggestion = ''] = error.message.split('\n')
  const nearest = /^\(Did you mean (?:one of )?(.*)\?\)$/.exec(suggestion)?.[1]
  const message = first.replace(/^error: /, '').replace('unknown command', 'unknown verb')
  return new CliError('usage', message.replace('unknown option', 'unknown flag'), {
    hint: nearest ? `did you mean ${nearest}?` : `see ${program} --help`,
  })
}
