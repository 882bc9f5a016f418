import { X509Error } from './errors.ts'

/** One element of DER. Both buffers are views of the bytes that were read. */
export interface DerElement {
  readonly tag: number
  readonly content: Buffer
  /** Identifier, length and contents. */
  readonly der: Buffer
}

/**
 * DER, the reading half: walks the elements of one constructed value and refuses what DER does
 * (indefinite or padded lengths, X.690, 10.1), bytes that are cut off, and bytes that are left over.
 *
 * @throws X509Error `malformed-certificate`, from every method
 */
export class DerReader {
  readonly #bytes: Buffer
  #offset = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#offset === this.#bytes.length
  }

  /** The next element, whatever it is. */
  any(): DerElement {
    const start = this.#offset
    const tag = this.#octet()
    // Tag numbers from 31 on take several octets; nothing in a certificate has one.
    if ((tag & 0x1f) === 0x1f) throw malformed(`a long tag at offset ${start}`)
    const length = this.#length()
    const content = this.#bytes.subarray(this.#offset, this.#offset + length)
    if (content.length < length) throw malformed(`an element cut off at offset ${start}`)
    this.#offset += length
    return { tag, content, der: this.#bytes.subarray(start, this.#offset) }
  }

  /** The next element, which has this tag. */
  read(tag: number): DerElement {
    const element = this.optional(tag)
    if (!element) throw malformed(`no element 0x${tag.toString(16)} at offset ${this.#offset}`)
    return element
  }

  /** The next element if it has this tag; else undefined, and nothing is read. */
  optional(tag: number): DerElement | undefined {
    return this.#bytes[this.#offset] === tag ? this.any() : undefined
  }

  /** The elements inside the next one, which has this tag. */
  enter(tag: number): DerReader {
    return new DerReader(this.read(tag).content)
  }

  end(): void {
    if (!this.done) throw malformed(`bytes left over at offset ${this.#offset}`)
  }

  #octet(): number {
    const octet = this.#bytes[this.#offset]
    if (octet === undefined) throw malformed(`cut off at offset ${this.#offset}`)
    this.#offset += 1
    return octet
  }

  #length(): number {
    const first = this.#octet()
    if (first < 0x80) return first
    const count = first & 0x7f
    // Three octets of length reach 16 MiB, far above any certificate.
    if (count === 0 || count > 3) throw malformed('an indefinite or huge length')
    let length = 0
    for (let i = 0; i < count; i++) length = length * 256 + this.#octet()
    if (length < 0x80 || length < 256 ** (count - 1)) throw malformed('a padded length')
    return length
  }
}

/** The magnitude of an INTEGER that is not negative, without a sign octet (X.690, 8.3.2). */
export function parseUnsignedInteger(content: Buffer): Buffer {
  const [first, second] = content
  if (first === undefined || first >= 0x80) throw malformed('an empty or negative integer')
  if (first !== 0 || second === undefined) return content
  if (second < 0x80) throw malformed('a padded integer')
  return content.subarray(1)
}

/** The octets of a BIT STRING that has no unused bits. */
export function parseBitString(content: Buffer): Buffer {
  if (content[0] !== 0) throw malformed('a bit string that is not whole octets')
  return content.subarray(1)
}

/** The dotted form of an OBJECT IDENTIFIER with arcs below 2^49 (X.690, 8.19). */
export function parseOid(content: Buffer): string {
  const arcs: number[] = []
  let arc = 0
  let inside = false
  for (const octet of content) {
    if (!inside && octet === 0x80) throw malformed('a padded object identifier')
    if (arc >= 2 ** 42) throw malformed('a huge arc in an object identifier')
    arc = arc * 128 + (octet & 0x7f)
    inside = octet >= 0x80
    if (inside) continue
    arcs.push(arc)
    arc = 0
  }
  const [root, ...rest] = arcs
  if (inside || root === undefined) throw malformed('an object identifier that is cut off')
  const first = Math.min(2, Math.floor(root / 40))
  return [first, root - first * 40, ...rest].join('.')
}

export function malformed(what: string, cause?: unknown): X509Error {
  return new X509Error('malformed-certificate', `not a certificate in DER: ${what}`, { cause })
}
