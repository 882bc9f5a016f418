/**
 * Acts as text, for other hubs: JSON, in which an object whose one key begins with `$` stands for what
 * JSON doesn't have, and every other key that begins so has a second one before it. A hub of another
 * release may have written it; what it doesn't know, nobody here follows.
 */
import { type Act, StoreError } from '../../storage.ts'

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

export function formatActs(acts: readonly Act[]): string {
  return JSON.stringify(encode(acts))
}

/** @throws StoreError `damaged` */
export function parseActs(text: string): readonly Act[] {
  const acts = decode(parseJson(text))
  if (Array.isArray(acts) && acts.every(isAct)) return acts
  throw notActs()
}

function encode(value: unknown): Json {
  if (value === undefined) return { $undefined: true }
  if (typeof value === 'bigint') return { $integer: String(value) }
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') }
  if (Array.isArray(value)) return value.map(encode)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, it]) => [key.startsWith('$') ? `$${key}` : key, encode(it)]),
    )
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value
  return null
}

function decode(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decode)
  if (typeof value !== 'object' || value === null) return value
  if ('$undefined' in value) return undefined
  if ('$integer' in value && typeof value.$integer === 'string') return BigInt(value.$integer)
  if ('$bytes' in value && typeof value.$bytes === 'string')
    return Buffer.from(value.$bytes, 'base64')
  return Object.fromEntries(
    Object.entries(value).map(([key, it]) => [key.replace(/^\$/, ''), decode(it)]),
  )
}

function isAct(value: unknown): value is Act {
  if (typeof value !== 'object' || value === null) return false
  const isList = (it: unknown) => Array.isArray(it)
  return 'changes' in value && isList(value.changes) && 'events' in value && isList(value.events)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw notActs()
  }
}

function notActs(): StoreError {
  return new StoreError('damaged', 'store', 'what another hub has written is not a list of acts', {
    hint: 'restart mezhub: it then reads everything anew',
  })
}
