/** Frames of HTTP/2 (RFC 9113) as no well-behaved client sends them, byte by byte. */

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** RFC 9113, section 6. */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  resetStream: 3,
  settings: 4,
  ping: 6,
  windowUpdate: 8,
  continuation: 9,
} as const

/** In bytes (section 4.1). */
export const FRAME_HEAD = 9

export const END_STREAM = 0x1
export const ACK = 0x1
export const END_HEADERS = 0x4

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(FRAME_HEAD)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** One setting: RFC 9113, section 6.5.1. */
export function setting(identifier: number, value: number): Buffer {
  const bytes = Buffer.alloc(6)
  bytes.writeUInt16BE(identifier, 0)
  bytes.writeUInt32BE(value, 2)
  return bytes
}

export const SETTING = { headerTableSize: 1, initialWindowSize: 4 } as const

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A header field, literal and never indexed (RFC 7541, section 6.2.3), without Huffman coding. */
export function literal(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0x10), text(name), text(value)])
}

/** The same, added to the dynamic table (section 6.2.1). */
export function indexed(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0x40), text(name), text(value)])
}

/** The newest entry of the dynamic table (section 6.1; 62 is the first index after the static ones). */
export const NEWEST = Buffer.of(0x80 | 62)

function text(value: string): Buffer {
  return Buffer.concat([integer(Buffer.byteLength(value)), Buffer.from(value)])
}

/** With a prefix of seven bits whose first is zero (section 5.1). */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.of(value)
  const bytes = [127]
  let rest = value - 127
  for (; rest >= 128; rest >>= 7) bytes.push((rest & 0x7f) | 0x80)
  return Buffer.from([...bytes, rest])
}

/** The header block of a gRPC call. */
export function callHeaders(path: string): Buffer {
  return Buffer.concat([
    literal(':method', 'POST'),
    literal(':scheme', 'https'),
    literal(':path', path),
    literal(':authority', 'hub.mezite.internal'),
    literal('content-type', 'application/grpc'),
    literal('te', 'trailers'),
  ])
}

/** A gRPC message, uncompressed. `length` may lie about it. */
export function message(body: Uint8Array, length = body.length): Buffer {
  return Buffer.concat([Buffer.of(0), uint32(length), body])
}
