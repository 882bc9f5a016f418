/**
 * A program's settings, declared once. A table of parameters, keyed in camel case, gives for each
 * its flag (`--renewal-interval`), environment variable (`MEZITE_RENEWAL_INTERVAL`), key in a
 * configuration file (`renewal-interval`), type, default and help.
 */
import type { ValueKind } from './value-kind.ts'

/** What defaults may depend on. */
export interface Environment {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly home: string
  /** The effective user. */
  readonly uid: number
}

export interface ParameterDetails {
  /** A clause in the imperative or a noun phrase, without a full stop. */
  readonly help: string
  /** The environment variable in place of the derived one; null: none. */
  readonly env?: string | null | undefined
  /** The heading in the help text under which the flag stands. */
  readonly group?: string | undefined
  /** A single letter for `-x`. */
  readonly short?: string
  /** Never shown; `NAME-file` (a path, or `-` for standard input) is accepted in its place. */
  readonly secret?: boolean
  /** Of a secret that is needed once: its file may be gone, which is as if it weren't given. */
  readonly usedOnce?: boolean
}

export interface Parameter<T> extends ParameterDetails {
  readonly kind: ValueKind<unknown>
  readonly parse: ValueKind<T>['parse']
  /** The value where no source has one. */
  readonly absent: 'refused' | ((environment: Environment) => T)
  /** The default as help shows it. */
  readonly defaultText: string | undefined
}

export type Parameters = Readonly<Record<string, Parameter<unknown>>>

export type Values<P extends Parameters> = {
  readonly [K in keyof P]: P[K] extends Parameter<infer T> ? T : never
}

/** Must be given. */
export function required<T>(kind: ValueKind<T>, details: ParameterDetails): Parameter<T> {
  return { ...details, kind, parse: kind.parse, absent: 'refused', defaultText: undefined }
}

/** Undefined where it isn't given; `defaultText` tells what that means. */
export function optional<T>(
  kind: ValueKind<T>,
  details: ParameterDetails & { readonly defaultText?: string },
): Parameter<T | undefined> {
  const { defaultText, ...rest } = details
  return { ...rest, kind, parse: kind.parse, absent: () => undefined, defaultText }
}

/** `text`: the default as it would be written, or a function with `defaultText` to describe it. */
export function withDefault<T>(
  kind: ValueKind<T>,
  fallback: string | ((environment: Environment) => T),
  details: ParameterDetails & { readonly defaultText?: string },
): Parameter<T> {
  const { defaultText, ...rest } = details
  const written = typeof fallback === 'string' ? fallback : undefined
  return {
    ...rest,
    kind,
    parse: kind.parse,
    absent:
      typeof fallback === 'string'
        ? ({ cwd, home }) => kind.parse([fallback], { directory: cwd, home })
        : fallback,
    defaultText: defaultText ?? written,
  }
}

/** `renewalInterval` to `renewal-interval`: the flag without its dashes, and the file's key. */
export function kebabCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/**
 * The environment variable of a parameter. Where `everyParameter` is false, only those parameters
 * have one that name it.
 */
export function environmentName(
  key: string,
  parameter: ParameterDetails,
  everyParameter: boolean,
): string | undefined {
  if (parameter.env !== undefined) return parameter.env ?? undefined
  return everyParameter ? `MEZITE_${kebabCase(key).replaceAll('-', '_').toUpperCase()}` : undefined
}
