/**
 * Structured logs on standard error: for people (`--log-format text`) or as JSON lines. Secrets
 * don't belong in a log; should one get there, its field's name or its form gives it away here.
 */
import type { Clock } from './clock.ts'
import { REDACTED, redactForms } from './redact.ts'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]
export type LogFormat = 'text' | 'json'

export type LogFields = Readonly<Record<string, unknown>>

/** In the shape of pino's own. Errors go into a field called `error` or `err`. */
export interface Logger {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
}

/** A logger whose level may change while the program runs. */
export interface LeveledLogger extends Logger {
  setLevel(level: LogLevel): void
}

export interface LogOptions {
  readonly format: LogFormat
  readonly level: LogLevel
  readonly clock: Pick<Clock, 'now'>
  readonly write: (text: string) => void
}

/** Fields that hold secrets, at the top and one level down. */
const SECRET_FIELDS = [
  'authorization',
  'joinToken',
  'join_token',
  'passphrase',
  'password',
  'privateKey',
  'private_key',
  'secret',
  'token',
].flatMap((field) => [field, `*.${field}`])

/** Loads the log library, so that only the programs that log pay for it. */
export async function createLogger(options: LogOptions): Promise<LeveledLogger> {
  const { pino } = await import('pino')
  const { format, level, clock, write } = options
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError, error: describeError },
      redact: { paths: SECRET_FIELDS, censor: REDACTED },
    },
    { write: (line: string) => write(redactForms(format === 'json' ? line : textLine(line))) },
  )
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    setLevel(to) {
      logger.level = to
    },
  }
}

/** `2026-03-24T15:00:00.000Z warn  the hub is unreachable address=hub:3025 retry_in=4s` */
function textLine(json: string): string {
  const { level, time, message, ...fields }: Record<string, unknown> = JSON.parse(json)
  const pairs = Object.entries(fields).map(([key, value]) => ` ${key}=${textValue(value)}`)
  return `${time} ${String(level).padEnd(5)} ${onOneLine(String(message))}${pairs.join('')}\n`
}

function textValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /^[^\s"=\p{C}]+$/u.test(text) ? text : onOneLine(JSON.stringify(text))
}

function onOneLine(text: string): string {
  return text.replace(/\p{C}/gu, (it) => `\\u{${it.codePointAt(0)?.toString(16)}}`)
}

/** An error as its code and message, with those of the errors that led to it; never its stack. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : ''
  const cause = error.cause instanceof Error ? ` (${describeError(error.cause)})` : ''
  return `${code}${error.message}${cause}`
}
