/** The protocol of the bare server: a length in four octets, then that many. */
import type { Duplex } from 'node:stream'
import type { Call } from './http2-call.ts'

const LENGTH = 4

export function encodeBare(message: Uint8Array): Buffer {
  const length = Buffer.alloc(LENGTH)
  length.writeUInt32BE(message.length)
  return Buffer.concat([length, message])
}

/** Calls back with every message that arrives whole. */
export function readBare(stream: Duplex, onMessage: (message: Buffer) => void): void {
  let received: Buffer = Buffer.alloc(0)
  stream.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    while (received.length >= LENGTH) {
      const size = LENGTH + received.readUInt32BE(0)
      if (received.length < size) return
      const message = Buffer.from(received.subarray(LENGTH, size))
      received = received.subarray(size)
      onMessage(message)
    }
  })
}

export function openBareCalls(socket: Duplex): Call {
  let reply: PromiseWithResolvers<Buffer> | undefined
  readBare(socket, (message) => reply?.resolve(message))
  let failure: Error | undefined
  const fail = (error: Error) => {
    failure ??= error
    reply?.reject(failure)
  }
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the connection is closed')))
  return (request) => {
    if (failure !== undefined) return Promise.reject(failure)
    reply = Promise.withResolvers<Buffer>()
    socket.write(encodeBare(request))
    return reply.promise
  }
}
