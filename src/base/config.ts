/**
 * Configuration: one typed value for each parameter, from four sources. A flag wins over the
 * environment, the environment over the configuration file, the file over the default. Every error
 * names the source that it is about: `--renewal-interval`, `MEZITE_RENEWAL_INTERVAL`,
 * `mezd.yaml:3: renewal-interval`.
 *
 * Pure but for `Sources.readSecret`: the file comes parsed (`config-file.ts`).
 */
import type { ConfigFile } from './config-file.ts'
import { type ErrorDetails, MeziteError, messageOf, systemErrorCode } from './errors.ts'
import { nearestKey } from './nearest-key.ts'
import {
  type Environment,
  environmentName,
  kebabCase,
  optional,
  type Parameter,
  type Parameters,
  type Values,
} from './parameter.ts'
import { fileOrStandard } from './value-kind.ts'

export type ConfigErrorCode =
  | 'missing'
  | 'malformed-value'
  | 'conflicting'
  | 'unknown-key'
  | 'duplicate-key'
  | 'malformed-file'
  | 'unreadable'

export class ConfigError extends MeziteError<ConfigErrorCode> {}

export interface Sources {
  /** By the parameter's key in camel case: every text that was given for it. */
  readonly flags: Readonly<Record<string, readonly string[] | undefined>>
  readonly environment: Environment
  readonly file?: ConfigFile | undefined
  /** The text of a secret's file; `-` is standard input. */
  readonly readSecret: (path: string) => Promise<string>
}

export interface ResolveOptions {
  /** Whether every parameter has an environment variable, or only those that name one. */
  readonly everyParameterFromEnvironment: boolean
}

export interface Configuration<P extends Parameters> {
  readonly values: Values<P>
  /** For each key the source of its value, as errors name it; undefined for a default. */
  readonly origins: Readonly<Record<keyof P, string | undefined>>
}

/** What one source says about one parameter. */
interface Given {
  readonly origin: string
  readonly texts: readonly string[]
  /** The directory from which relative paths count. */
  readonly directory: string
}

type Lookup = (key: string, parameter: Parameter<unknown>) => Given | undefined

/** The table with `NAME-file` beside each secret `NAME`. */
export function withSecretFiles(parameters: Parameters): Parameters {
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([key, parameter]) =>
      parameter.secret ? [[key, parameter], secretFile(key, parameter)] : [[key, parameter]],
    ),
  )
}

/** @throws ConfigError */
export async function resolveConfig<P extends Parameters>(
  parameters: P,
  sources: Sources,
  options: ResolveOptions,
): Promise<Configuration<P>> {
  refuseUnknownKeys(parameters, sources.file)
  const values: Record<string, unknown> = {}
  const origins: Record<string, string | undefined> = {}
  const lookups = lookupsOf(sources, options)
  for (const [key, parameter] of Object.entries(parameters)) {
    const given = await firstGiven(key, parameter, lookups, sources)
    values[key] = given ? parse(parameter, given, sources) : absent(key, parameter, sources)
    origins[key] = given?.origin
  }
  return { values, origins } as Configuration<P>
}

function lookupsOf({ flags, environment, file }: Sources, options: ResolveOptions): Lookup[] {
  const { env, cwd } = environment
  return [
    (key) => {
      const texts = flags[key]
      return texts && { origin: `--${kebabCase(key)}`, texts, directory: cwd }
    },
    (key, parameter) => {
      const name = environmentName(key, parameter, options.everyParameterFromEnvironment)
      const value = name === undefined ? undefined : env[name]
      // An empty variable counts as none: shells and unit files can't always unset one.
      return name && value ? { origin: name, texts: [value], directory: cwd } : undefined
    },
    (key) => {
      const entry = file?.entries.find((it) => it.key === kebabCase(key))
      return (
        file &&
        entry && {
          origin: `${file.name}:${entry.line}: ${entry.key}`,
          texts: entry.texts,
          directory: file.directory,
        }
      )
    },
  ]
}

async function firstGiven(
  key: string,
  parameter: Parameter<unknown>,
  lookups: readonly Lookup[],
  sources: Sources,
): Promise<Given | undefined> {
  for (const lookup of lookups) {
    const given = lookup(key, parameter)
    const fromFile = parameter.secret ? lookup(...secretFile(key, parameter)) : undefined
    if (given && fromFile) {
      throw new ConfigError(
        'conflicting',
        `${given.origin} and ${fromFile.origin} exclude each other`,
        {
          hint: 'give one of them',
        },
      )
    }
    const read = fromFile && (await readSecret(key, parameter, fromFile, sources))
    if (read) return read
    if (given) return given
  }
  return undefined
}

async function readSecret(
  key: string,
  parameter: Parameter<unknown>,
  given: Given,
  sources: Sources,
): Promise<Given | undefined> {
  const [, file] = secretFile(key, parameter)
  const path = parse(file, given, sources) ?? ''
  const text = await sources.readSecret(path).catch((cause: unknown) => {
    if (parameter.usedOnce && systemErrorCode(cause) === 'ENOENT') return undefined
    throw new ConfigError('unreadable', `${given.origin}: ${messageOf(cause)}`, { cause })
  })
  if (text === undefined) return undefined
  return { ...given, texts: [text.replace(/\r?\n$/, '')] }
}

function secretFile(
  key: string,
  parameter: Parameter<unknown>,
): readonly [string, Parameter<string | undefined>] {
  const { group, env } = parameter
  return [
    `${key}File`,
    optional(fileOrStandard, {
      group,
      env: typeof env === 'string' ? `${env}_FILE` : env,
      help: `read the ${kebabCase(key)} from a file; - is standard input`,
    }),
  ]
}

function parse<T>(parameter: Parameter<T>, given: Given, { environment }: Sources): T {
  const { origin, texts, directory } = given
  if (texts.length > 1 && !parameter.kind.many) {
    throw new ConfigError('malformed-value', `${origin}: more than one value`, {
      hint: 'give one value only',
    })
  }
  try {
    return parameter.parse(texts, { directory, home: environment.home })
  } catch (cause) {
    if (!(cause instanceof MeziteError)) throw cause
    const { hint } = cause
    // What a secret's parser says may quote the secret.
    const details = parameter.secret ? { hint } : { hint, cause }
    const problem = parameter.secret ? 'the value is malformed' : cause.message
    throw new ConfigError('malformed-value', `${origin}: ${problem}`, details)
  }
}

function absent<T>(key: string, parameter: Parameter<T>, { environment }: Sources): T {
  if (parameter.absent !== 'refused') return parameter.absent(environment)
  const flag = `--${kebabCase(key)}`
  throw new ConfigError('missing', `${flag} is missing`, {
    hint: `${parameter.help}: ${flag}=${parameter.kind.placeholder}`,
  })
}

function refuseUnknownKeys(parameters: Parameters, file: ConfigFile | undefined): void {
  if (!file) return
  const known = Object.keys(withSecretFiles(parameters)).map(kebabCase)
  const lines = new Map<string, number>()
  for (const { key, line } of file.entries) {
    const origin = `${file.name}:${line}: ${key}`
    if (!known.includes(key)) throw unknownKey(origin, key, known)
    const before = lines.get(key)
    if (before !== undefined) {
      throw new ConfigError('duplicate-key', `${origin}: the key stands in line ${before} already`)
    }
    lines.set(key, line)
  }
}

function unknownKey(origin: string, key: string, known: readonly string[]): ConfigError {
  const nearest = nearestKey(key, known)
  const details: ErrorDetails = {
    hint: nearest ? `did you mean ${nearest}?` : `the keys are ${known.join(', ')}`,
  }
  return new ConfigError('unknown-key', `${origin}: unknown key`, details)
}
