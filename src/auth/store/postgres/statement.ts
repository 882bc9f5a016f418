import type { Parameters } from '../sql.ts'
import { storedText } from './text.ts'

/** A statement as the server takes it: parameters by number, parsed once for each connection. */
export interface Prepared {
  readonly text: string
  readonly name: string
  /** The names of the parameters, in the order of their numbers. */
  readonly order: readonly string[]
}

/** Statements are written in the source, so there are few. */
const prepared = new Map<string, Prepared>()

const PARAMETER = /(?<![:\w]):([a-z]\w*)/g

export function prepare(sql: string): Prepared {
  const known = prepared.get(sql)
  if (known) return known
  const order: string[] = []
  const text = sql.replaceAll(PARAMETER, (_, name: string) => {
    if (!order.includes(name)) order.push(name)
    return `$${order.indexOf(name) + 1}`
  })
  const made = { text, name: `mezite_${prepared.size + 1}`, order }
  prepared.set(sql, made)
  return made
}

/** A parameter's value in the driver's types. */
export function storedValue(name: string, parameters: Parameters): null | string | Uint8Array {
  const value = parameters[name]
  if (value === undefined) throw new RangeError(`the parameter ${name} has no value`)
  if (typeof value === 'string') return storedText(value)
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  return value
}
