import { isUtf8 } from 'node:buffer'
import { SshFormatError } from './errors.ts'

/**
 * Writes the data types of RFC 4251, section 5, into one growing buffer.
 *
 * `bytes()` is a view, valid for what has been written so far: later writes leave it as it is.
 */
export class SshWriter {
  #buffer: Buffer
  #length = 0

  /** @param capacity bytes to start with; a good guess saves a copy */
  constructor(capacity = 256) {
    this.#buffer = Buffer.allocUnsafe(capacity)
  }

  byte(value: number): this {
    const at = this.#extend(1)
    this.#buffer.writeUInt8(value, at)
    return this
  }

  uint32(value: number): this {
    const at = this.#extend(4)
    this.#buffer.writeUInt32BE(value, at)
    return this
  }

  uint64(value: bigint): this {
    const at = this.#extend(8)
    this.#buffer.writeBigUInt64BE(value, at)
    return this
  }

  /** The bytes alone, without a length. */
  raw(bytes: Uint8Array): this {
    const at = this.#extend(bytes.length)
    this.#buffer.set(bytes, at)
    return this
  }

  /** A `string`: length and bytes; text is written as UTF-8. */
  string(value: Uint8Array | string): this {
    if (typeof value !== 'string') return this.uint32(value.length).raw(value)
    const length = Buffer.byteLength(value)
    const at = this.uint32(length).#extend(length)
    this.#buffer.write(value, at)
    return this
  }

  /** A non-negative `mpint` from its big-endian magnitude, leading zeros allowed. */
  mpint(magnitude: Uint8Array): this {
    let start = 0
    while (magnitude[start] === 0) start++
    const digits = magnitude.subarray(start)
    const signed = (digits[0] ?? 0) >= 0x80
    this.uint32(digits.length + (signed ? 1 : 0))
    return (signed ? this.byte(0) : this).raw(digits)
  }

  /** A `string` that holds whatever `write` writes. */
  nested(write: () => void): this {
    const at = this.#extend(4)
    write()
    this.#buffer.writeUInt32BE(this.#length - at - 4, at)
    return this
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  /** Makes room for `size` more bytes and returns where they start. */
  #extend(size: number): number {
    const at = this.#length
    this.#length += size
    if (this.#length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#length, 2 * this.#buffer.length))
      this.#buffer.copy(larger, 0, 0, at)
      this.#buffer = larger
    }
    return at
  }
}

/**
 * Reads the data types of RFC 4251, section 5, each in its one canonical form. Returned buffers are
 * views of the input: no length in the input makes it allocate.
 *
 * Every method throws SshFormatError: `truncated`, and what it names itself.
 */
export class SshReader {
  readonly #bytes: Buffer
  readonly #what: string
  #offset = 0

  /** @param what names the thing in errors: `certificate` */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#what = what
  }

  get offset(): number {
    return this.#offset
  }

  get done(): boolean {
    return this.#offset === this.#bytes.length
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#advance(1))
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#advance(4))
  }

  uint64(): bigint {
    return this.#bytes.readBigUInt64BE(this.#advance(8))
  }

  raw(length: number): Buffer {
    const start = this.#advance(length)
    return this.#bytes.subarray(start, start + length)
  }

  string(): Buffer {
    return this.raw(this.uint32())
  }

  /** Everything that is left. */
  rest(): Buffer {
    return this.raw(this.#bytes.length - this.#offset)
  }

  /**
   * A `string` of UTF-8 without NUL, which C programs would take for its end.
   *
   * @throws SshFormatError `malformed`
   */
  text(): string {
    const bytes = this.string()
    if (!isUtf8(bytes) || bytes.includes(0)) {
      throw new SshFormatError('malformed', `the ${this.#what} holds text that is not UTF-8`)
    }
    return bytes.toString()
  }

  /**
   * The big-endian magnitude of a non-negative `mpint`; zero is empty.
   *
   * @throws SshFormatError `malformed` when negative, `non-canonical`
   */
  mpint(): Buffer {
    const bytes = this.string()
    const [first = 0x7f, second = 0] = bytes
    if (first >= 0x80) {
      throw new SshFormatError('malformed', `the ${this.#what} holds a negative number`)
    }
    if (first > 0 || bytes.length === 0) return bytes
    if (second < 0x80) {
      throw new SshFormatError('non-canonical', `the ${this.#what} holds a number with idle zeros`)
    }
    return bytes.subarray(1)
  }

  /** A reader over the inside of a `string`. */
  nested(): SshReader {
    return new SshReader(this.string(), this.#what)
  }

  /** @throws SshFormatError `trailing` unless everything was read */
  end(): void {
    if (!this.done) {
      const excess = this.#bytes.length - this.#offset
      throw new SshFormatError('trailing', `${excess} bytes follow the end of the ${this.#what}`)
    }
  }

  #advance(size: number): number {
    const start = this.#offset
    if (size > this.#bytes.length - start) {
      throw new SshFormatError('truncated', `the ${this.#what} ends inside a field`)
    }
    this.#offset = start + size
    return start
  }
}
