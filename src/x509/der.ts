/** DER, the writing half (X.690, clauses 8 and 10): definite, shortest lengths and no choices. */

/** Identifier octets (X.690, 8.1.2) of what a certificate is made of. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  /** `[n] IMPLICIT` of a primitive type. */
  context: (n: number): number => 0x80 | n,
  /** `[n] EXPLICIT`, or `[n] IMPLICIT` of a constructed type. */
  contextConstructed: (n: number): number => 0xa0 | n,
} as const

/** One element: identifier, length (X.690, 10.1), and the parts as its contents. */
export function encodeElement(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  let length = 0
  for (const part of parts) length += part.length
  return Buffer.concat([Uint8Array.of(tag, ...lengthOctets(length)), ...parts])
}

function lengthOctets(length: number): readonly number[] {
  if (length < 0x80) return [length]
  const octets: number[] = []
  for (let left = length; left > 0; left = Math.floor(left / 256)) octets.unshift(left % 256)
  return [0x80 | octets.length, ...octets]
}

export function encodeSequence(...parts: readonly Uint8Array[]): Buffer {
  return encodeElement(TAG.sequence, ...parts)
}

/** The INTEGER whose big-endian magnitude is given, never negative (X.690, 8.3.2). */
export function encodeUnsignedInteger(magnitude: Uint8Array): Buffer {
  const first = magnitude.findIndex((octet) => octet !== 0)
  if (first < 0) return encodeElement(TAG.integer, Uint8Array.of(0))
  const octets = magnitude.subarray(first)
  const sign = (octets[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array()
  return encodeElement(TAG.integer, sign, octets)
}

/** A BIT STRING without unused bits (X.690, 8.6). */
export function encodeBitString(octets: Uint8Array): Buffer {
  return encodeElement(TAG.bitString, Uint8Array.of(0), octets)
}

export function encodeText(tag: number, text: string): Buffer {
  return encodeElement(tag, Buffer.from(text, 'utf8'))
}

/** An OBJECT IDENTIFIER from its dotted form (X.690, 8.19). */
export function encodeOid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const octets = [first * 40 + second, ...rest].flatMap(base128)
  return encodeElement(TAG.oid, Uint8Array.from(octets))
}

function base128(arc: number): readonly number[] {
  const octets = [arc % 128]
  for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
    octets.unshift(0x80 | (left % 128))
  }
  return octets
}
