/** A strict reader of JSON objects that Mezite wrote itself: every field is there, and no other. */

import { formatTime } from '../base/clock.ts'

/** @throws SyntaxError, from every method */
export class JsonFields {
  readonly #fields: ReadonlyMap<string, unknown>
  readonly #read = new Set<string>()

  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new SyntaxError('it is not a JSON object')
    }
    this.#fields = new Map(Object.entries(value))
  }

  static parse(text: string): JsonFields {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      // JSON.parse quotes what it read, which can be a key.
      throw new SyntaxError('it is not JSON')
    }
    return new JsonFields(value)
  }

  /** Any value. Of an error that `read` throws only the field's name is told: it can be a key. */
  value<Value>(name: string, read: (value: unknown) => Value): Value {
    this.#read.add(name)
    if (!this.#fields.has(name)) throw new SyntaxError(`"${name}" is missing`)
    try {
      return read(this.#fields.get(name))
    } catch {
      throw new SyntaxError(`"${name}" is not what belongs there`)
    }
  }

  text<Value = string>(name: string, parse: (text: string) => Value): Value {
    return this.value(name, (value) => parse(asText(value)))
  }

  optionalText<Value>(name: string, parse: (text: string) => Value): Value | undefined {
    return this.value(name, (value) => (value === null ? undefined : parse(asText(value))))
  }

  list<Value>(name: string, parse: (element: unknown) => Value): readonly Value[] {
    return this.value(name, (value) => {
      if (!Array.isArray(value)) throw new SyntaxError('not a list')
      return value.map(parse)
    })
  }

  /** Refuses fields that nobody asked for. In a damaged file a name can be a piece of a key. */
  end(): void {
    for (const name of this.#fields.keys()) {
      if (!this.#read.has(name)) throw new SyntaxError('it has a field that is not known here')
    }
  }
}

export function asText(value: unknown): string {
  if (typeof value !== 'string') throw new SyntaxError('not a text')
  return value
}

export function asNumber(value: unknown): number {
  if (typeof value !== 'number') throw new SyntaxError('not a number')
  return value
}

/** What `formatTime` writes: milliseconds since the epoch. */
export function asBoolean(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new SyntaxError('neither true nor false')
  return value
}

export function parseTime(text: string): number {
  const time = Date.parse(text)
  if (Number.isNaN(time) || formatTime(time) !== text) throw new SyntaxError('not a time')
  return time
}

/** Canonical decimal digits from 1 on. */
export function parseCount(text: string): bigint {
  if (!/^[1-9][0-9]{0,18}$/.test(text)) throw new SyntaxError('not a count')
  return BigInt(text)
}
