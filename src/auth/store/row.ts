import { StoreError } from '../storage.ts'

/** One row as read: each column comes out as the type that the schema gives it. */
export class Row {
  readonly #values: Readonly<Record<string, unknown>>

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values
  }

  has(column: string): boolean {
    return this.#values[column] !== null
  }

  text(column: string): string {
    const value = this.#values[column]
    return typeof value === 'string' ? value : this.#unexpected(column)
  }

  /** A count or a time: an integer that a number holds exactly. */
  integer(column: string): number {
    const value = Number(this.#bigint(column))
    return Number.isSafeInteger(value) ? value : this.#unexpected(column)
  }

  /** See `storedUnsigned`. */
  unsigned(column: string): bigint {
    return BigInt.asUintN(64, this.#bigint(column))
  }

  bytes(column: string): Buffer {
    const value = this.#values[column]
    if (!(value instanceof Uint8Array)) return this.#unexpected(column)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  }

  /** Of a JSON array. */
  texts(column: string): readonly string[] {
    const value = this.#json(column)
    return isTexts(value) ? value : this.#unexpected(column)
  }

  /** Of a JSON object. */
  textsByName(column: string): Readonly<Record<string, string>> {
    const value = this.#json(column)
    return isTextsByName(value) ? value : this.#unexpected(column)
  }

  oneOf<const T extends string>(column: string, values: readonly T[]): T {
    const text = this.text(column)
    return values.find((value) => value === text) ?? this.#unexpected(column)
  }

  #bigint(column: string): bigint {
    const value = this.#values[column]
    return typeof value === 'bigint' ? value : this.#unexpected(column)
  }

  #json(column: string): unknown {
    const text = this.text(column)
    try {
      return JSON.parse(text)
    } catch {
      return this.#unexpected(column)
    }
  }

  #unexpected(column: string): never {
    throw new StoreError('damaged', 'store', `the column ${column} holds an unexpected value`, {
      hint: 'restore the store from a backup; keep the damaged one for inspection',
    })
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((element) => typeof element === 'string')
}

function isTextsByName(value: unknown): value is Readonly<Record<string, string>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    isTexts(Object.values(value))
  )
}

/**
 * A database's integers are signed 64-bit: an unsigned one is stored as the signed one with the same
 * bits, which keeps equality (not order).
 *
 * @throws RangeError outside 0 to 2^64 - 1
 */
export function storedUnsigned(value: bigint): bigint {
  if (BigInt.asUintN(64, value) !== value) {
    throw new RangeError(`${value} is not an unsigned 64-bit integer`)
  }
  return BigInt.asIntN(64, value)
}
