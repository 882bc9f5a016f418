/** One simulated agent: a connection of its own to the hub, and a WatchNode stream on it. */
import { connect } from 'node:http2'
import { RECEIVE_WINDOW } from '../../src/client/channel.ts'
import { NodeAgentService } from '../../src/gen/mezite/v1/node_pb.js'
import { methodPath } from '../../src/rpc/method-name.ts'
import { HUB_SERVER_NAME } from '../../src/x509/issue.ts'
import type { Agent } from './orders.ts'

const PATH = methodPath(NodeAgentService.method.watchNode)
/** Of a gRPC message: whether it is compressed, and its length. */
const PREFIX = 5

/**
 * Watches until the process ends. Node's HTTP/2 with its own flow control, as grpc-js has it; what
 * arrives is not decoded, which would cost more than all else here.
 */
export function watch(
  port: number,
  { certificate, privateKey }: Agent,
  onMessage: (message: Buffer) => void,
  onEnd: (error: Error) => void,
): void {
  const session = connect(`https://127.0.0.1:${port}`, {
    ...{ cert: certificate, key: privateKey, servername: HUB_SERVER_NAME },
    // To verify the hub costs the client alone, which only has to be cheap.
    ...{
      settings: { initialWindowSize: RECEIVE_WINDOW },
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
    },
  })
  session.on('error', onEnd)
  session.on('close', () => onEnd(new Error('the hub closed a connection')))
  const stream = session.request({
    ':method': 'POST',
    ':path': PATH,
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  stream.on('error', onEnd)
  stream.on('trailers', (trailers) =>
    onEnd(new Error(`the hub ended a stream: ${JSON.stringify(trailers)}`)),
  )
  stream.on('data', messageReader(onMessage))
  stream.end(Buffer.alloc(PREFIX))
}

function messageReader(onMessage: (message: Buffer) => void): (chunk: Buffer) => void {
  let chunks: Buffer[] = []
  let received = 0
  let size = PREFIX
  return (chunk) => {
    chunks.push(chunk)
    received += chunk.length
    while (received >= size) {
      const whole = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
      chunks = [whole]
      size = PREFIX + whole.readUInt32BE(1)
      if (received < size) return
      onMessage(whole.subarray(PREFIX, size))
      const rest = whole.subarray(size)
      chunks = rest.length > 0 ? [rest] : []
      received = rest.length
      size = PREFIX
    }
  }
}
