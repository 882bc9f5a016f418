/** `--log-format` and `--log-level`, for the programs that log. */
import {
  createLogger,
  type LeveledLogger,
  LOG_LEVELS,
  type LogFormat,
  type LogLevel,
} from '../base/log.ts'
import { withDefault } from '../base/parameter.ts'
import { choice } from '../base/value-kind.ts'
import type { Invocation } from './invocation.ts'

export const logParameters = {
  logFormat: withDefault(choice('text', 'json'), 'text', {
    help: 'write logs for people, or as JSON lines',
    group: 'Logs:',
  }),
  logLevel: withDefault(choice(...LOG_LEVELS), 'info', {
    help: 'leave out what matters less than this',
    group: 'Logs:',
  }),
}

/** A logger on standard error. */
export async function openLog(
  values: { readonly logFormat: LogFormat; readonly logLevel: LogLevel },
  { clock, stderr }: Pick<Invocation, 'clock' | 'stderr'>,
): Promise<LeveledLogger> {
  const { logFormat: format, logLevel: level } = values
  return await createLogger({ format, level, clock, write: (text) => stderr.write(text) })
}
