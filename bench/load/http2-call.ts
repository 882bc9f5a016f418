/**
 * The client's half of HTTP/2 (RFC 9113) that one call after another needs, and nothing else: a
 * load generator must cost less than what it loads. Replies' headers are not read: a gRPC call that
 * fails has no message, which shows.
 */
import type { TLSSocket } from 'node:tls'

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const FRAME_HEADER = 9
const MESSAGE_HEADER = 5
/** In a GOAWAY, before the error code. */
const LENGTH_OF_ID = 4

const TYPE = { data: 0, headers: 1, reset: 3, settings: 4, goAway: 7, windowUpdate: 8 } as const
const FLAG = { endStream: 1, acknowledge: 1, endHeaders: 4 } as const

/** All that a peer may send: this side never has to give it more. */
const WHOLE_WINDOW = 2 ** 31 - 1 - 65_535

/** Sends a message and waits for the reply to it; one at a time. */
export type Call = (message: Buffer) => Promise<Buffer>

/** @param path of the gRPC method, shorter than 127 characters */
export function openHttp2Calls(socket: TLSSocket, path: string): Call {
  const headers = encodeHeaders(path)
  let stream = -1
  let received: Buffer = Buffer.alloc(0)
  let message: Buffer[] = []
  let reply: PromiseWithResolvers<Buffer> | undefined

  let failure: Error | undefined
  const fail = (error: Error) => {
    failure ??= error
    reply?.reject(failure)
  }
  const end = () => {
    const bytes = Buffer.concat(message).subarray(MESSAGE_HEADER)
    if (bytes.length > 0) reply?.resolve(bytes)
    else reply?.reject(new Error('the hub refused the call'))
    reply = undefined
  }
  const read = (type: number, flags: number, payload: Buffer) => {
    if (type === TYPE.settings && (flags & FLAG.acknowledge) === 0) {
      socket.write(frame(TYPE.settings, FLAG.acknowledge, 0))
    } else if (type === TYPE.reset || type === TYPE.goAway) {
      const [what, reason] = type === TYPE.reset ? ['call', 0] : ['connection', LENGTH_OF_ID]
      fail(new Error(`the hub ended the ${what}, error ${payload.readUInt32BE(reason)}`))
    } else if (type === TYPE.data || type === TYPE.headers) {
      if (type === TYPE.data) message.push(payload)
      if ((flags & FLAG.endStream) !== 0) end()
    }
  }
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    while (received.length >= FRAME_HEADER) {
      const size = FRAME_HEADER + received.readUIntBE(0, 3)
      if (received.length < size) return
      const payload = Buffer.from(received.subarray(FRAME_HEADER, size))
      const [type = 0, flags = 0] = received.subarray(3, 5)
      received = received.subarray(size)
      read(type, flags, payload)
    }
  })
  socket.write(opening())
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the connection is closed')))

  return (request) => {
    if (failure !== undefined) return Promise.reject(failure)
    reply = Promise.withResolvers<Buffer>()
    message = []
    stream += 2
    const prefix = Buffer.alloc(MESSAGE_HEADER)
    prefix.writeUInt32BE(request.length, 1)
    socket.write(
      Buffer.concat([
        frame(TYPE.headers, FLAG.endHeaders, stream, headers),
        frame(TYPE.data, FLAG.endStream, stream, Buffer.concat([prefix, request])),
      ]),
    )
    return reply.promise
  }
}

/** The preface goes before all else. */
function opening(): Buffer {
  const window = Buffer.alloc(4)
  window.writeUInt32BE(WHOLE_WINDOW)
  return Buffer.concat([
    PREFACE,
    frame(TYPE.settings, 0, 0),
    frame(TYPE.windowUpdate, 0, 0, window),
  ])
}

function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const header = Buffer.alloc(FRAME_HEADER)
  header.writeUIntBE(payload.length, 0, 3)
  header[3] = type
  header[4] = flags
  header.writeUInt32BE(stream, 5)
  return Buffer.concat([header, payload])
}

/** HPACK (RFC 7541) without its dynamic table and without Huffman codes. */
function encodeHeaders(path: string): Buffer {
  const text = (value: string) => Buffer.from([value.length, ...Buffer.from(value)])
  return Buffer.concat([
    Buffer.from([0x83, 0x87]), // :method: POST, :scheme: https
    Buffer.from([0x04]), // :path
    text(path),
    Buffer.from([0x01]), // :authority
    text('localhost'),
    Buffer.from([0x0f, 0x10]), // content-type
    text('application/grpc'),
    Buffer.from([0x00]), // a name that is not in the static table
    text('te'),
    text('trailers'),
  ])
}
