/** The types that a parameter's value may have, and how each is written. */
import { resolve } from 'node:path'
import { type Address, parseAddress } from './address.ts'
import { parseDuration } from './duration.ts'
import { MeziteError } from './errors.ts'

export class ValueError extends MeziteError<'malformed'> {}

/** Where a value was written, for those that are relative to it. */
export interface WrittenIn {
  /** Absolute: the working directory, or that of the configuration file. */
  readonly directory: string
  readonly home: string
}

export interface ValueKind<T> {
  /** What stands for the value in help: `DURATION`; empty for a switch. */
  readonly placeholder: string
  /** What a flag means that is given without its value; undefined: it must have one. */
  readonly alone?: string
  /** Whether it may be given more than once. */
  readonly many: boolean
  /** What a shell completes it with. */
  readonly completion: 'nothing' | 'file' | 'directory' | readonly string[]
  /** At least one text, and one only unless `many`. @throws MeziteError */
  readonly parse: (texts: readonly string[], where: WrittenIn) => T
}

function single<T>(
  placeholder: string,
  parse: (text: string, where: WrittenIn) => T,
  completion: ValueKind<T>['completion'] = 'nothing',
): ValueKind<T> {
  return {
    placeholder,
    many: false,
    completion,
    parse: ([text = ''], where) => parse(nonEmpty(text), where),
  }
}

/** Any text but the empty one. */
export const text = (placeholder: string): ValueKind<string> => single(placeholder, (it) => it)

/** Milliseconds. */
export const duration: ValueKind<number> = single('DURATION', parseDuration)

/** HOST:PORT. */
export const address = (defaultPort?: number): ValueKind<Address> =>
  single('HOST:PORT', (it) => parseAddress(it, defaultPort))

/** An absolute path; a relative one counts from where it is written. */
const path = (placeholder: string, completion: 'file' | 'directory'): ValueKind<string> =>
  single(placeholder, resolvePath, completion)

export const file: ValueKind<string> = path('FILE', 'file')
export const directory: ValueKind<string> = path('DIR', 'directory')

/** The path of a file, or `-`: standard input or output. */
export const fileOrStandard: ValueKind<string> = single(
  'FILE',
  (it, where) => (it === '-' ? it : resolvePath(it, where)),
  'file',
)

export function integer(minimum: number, maximum: number, placeholder = 'N'): ValueKind<number> {
  return single(placeholder, (it) => {
    const value = /^\d{1,15}$/.test(it) ? Number(it) : Number.NaN
    if (!(value >= minimum && value <= maximum)) {
      throw new ValueError('malformed', `"${it}" is not a number that can stand here`, {
        hint: `write a whole number from ${minimum} to ${maximum}`,
      })
    }
    return value
  })
}

export function choice<const T extends string>(...choices: readonly T[]): ValueKind<T> {
  return single(
    choices.join('|'),
    (it) => {
      const chosen = choices.find((candidate) => candidate === it)
      if (chosen !== undefined) return chosen
      throw new ValueError('malformed', `"${it}" is not one of the choices`, {
        hint: `choose one of ${choices.join(', ')}`,
      })
    },
    choices,
  )
}

const SWITCH: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  1: true,
  false: false,
  no: false,
  0: false,
}

/** `--flag` alone; `true` or `false` elsewhere. */
export const boolean: ValueKind<boolean> = {
  placeholder: '',
  many: false,
  completion: 'nothing',
  parse: ([it = '']) => {
    const value = Object.hasOwn(SWITCH, it) ? SWITCH[it] : undefined
    if (value !== undefined) return value
    throw new ValueError('malformed', `"${it}" is neither true nor false`, {
      hint: 'write true or false',
    })
  },
}

/** Separated by commas, or given several times; in a configuration file also a sequence. */
export function list<T>(item: ValueKind<T>): ValueKind<readonly T[]> {
  return {
    placeholder: `${item.placeholder},...`,
    many: true,
    completion: item.completion,
    parse: (texts, where) =>
      texts
        .flatMap((it) => it.split(','))
        .map((it) => it.trim())
        .map((it) => item.parse([it], where)),
  }
}

/**
 * `KEY=VALUE,...`, as `list`. A value may be empty and may hold `=`, but no comma. What keys and
 * values may otherwise be is for the domain to say.
 */
export const labels: ValueKind<Readonly<Record<string, string>>> = {
  placeholder: 'KEY=VALUE,...',
  many: true,
  completion: 'nothing',
  parse: (texts, where) => {
    const pairs = list(text('KEY=VALUE')).parse(texts, where).map(pairOf)
    const keys = pairs.map(([key]) => key)
    const twice = keys.find((key, i) => keys.indexOf(key) !== i)
    if (twice === undefined) return Object.fromEntries(pairs)
    throw new ValueError('malformed', `the key "${twice}" stands there twice`, {
      hint: 'give each key one value',
    })
  },
}

function pairOf(it: string): readonly [string, string] {
  const equals = it.indexOf('=')
  if (equals > 0) return [it.slice(0, equals).trimEnd(), it.slice(equals + 1).trimStart()]
  throw new ValueError('malformed', `"${it}" is not a key with its value`, {
    hint: 'write KEY=VALUE, several with commas between them: env=staging,tier=web',
  })
}

function nonEmpty(it: string): string {
  if (it !== '') return it
  throw new ValueError('malformed', 'the value is empty', {
    hint: 'give a value, or leave the setting out',
  })
}

function resolvePath(it: string, { directory, home }: WrittenIn): string {
  return it === '~' || it.startsWith('~/') ? resolve(home, it.slice(2)) : resolve(directory, it)
}
