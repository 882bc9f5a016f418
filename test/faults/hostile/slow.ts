/** Connections that take their time, and the hub's if it lets them. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { connect } from 'node:tls'
import { systemClock } from '../../../src/base/clock.ts'
import { JoinService } from '../../../src/gen/mezite/v1/identity_pb.js'
import { methodPath } from '../../../src/rpc/method-name.ts'
import { HUB_SERVER_NAME } from '../../../src/x509/issue.ts'
import {
  ACK,
  callHeaders,
  END_HEADERS,
  FRAME,
  FRAME_HEAD,
  frame,
  literal,
  message,
  PREFACE,
  SETTING,
  setting,
} from './http2-frames.ts'
import { type Attacker, openHttp2, openTcp, openTls, type RawConnection } from './raw-connection.ts'

const STEP_MS = 1_000
const JOIN = callHeaders(methodPath(JoinService.method.join))

/** Opens a connection and goes on with it as slowly as that, until the hub closes it. */
export type Slow = (attacker: Attacker) => Promise<RawConnection>

export const SLOW: Readonly<Record<string, Slow>> = {
  'says nothing': openTcp,
  'begins no handshake': async (attacker) => drip(await openTcp(attacker), Buffer.alloc(0)),
  'stops within the handshake': async (attacker) => {
    const connection = await openTcp(attacker)
    await connection.write(await clientHello())
    return connection
  },
  'shakes hands a byte a second': async (attacker) =>
    drip(await openTcp(attacker), await clientHello()),
  'is idle after the handshake': openTls,
  'is idle after the preface': openHttp2,
  'sends its preface a byte a second': async (attacker) => drip(await openTls(attacker), PREFACE),
  'never ends its headers': async (attacker) => {
    const connection = await openHttp2(attacker)
    await connection.write(frame(FRAME.headers, 0, 1, JOIN.subarray(0, 20)))
    return connection
  },
  'continues its headers once a second': async (attacker) => {
    const connection = await openHttp2(attacker)
    await connection.write(frame(FRAME.headers, 0, 1, JOIN))
    return again(connection, () => frame(FRAME.continuation, 0, 1, literal('x', '1')))
  },
  'never sends its message': async (attacker) => {
    const connection = await openHttp2(attacker)
    await connection.write(frame(FRAME.headers, END_HEADERS, 1, JOIN))
    return connection
  },
  'sends its message a byte a second': async (attacker) => {
    const connection = await openHttp2(attacker)
    await connection.write(frame(FRAME.headers, END_HEADERS, 1, JOIN))
    await connection.write(frame(FRAME.data, 0, 1, message(Buffer.alloc(0), 60_000)))
    return again(connection, () => frame(FRAME.data, 0, 1, Buffer.of(0)))
  },
  'pings once a second': async (attacker) =>
    again(await openHttp2(attacker), () => frame(FRAME.ping, 0, 0, Buffer.alloc(8))),
  'reads nothing': async (attacker) => {
    const connection = await openTls(attacker)
    connection.socket.pause()
    const closed = setting(SETTING.initialWindowSize, 0)
    await connection.write(Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0, closed)]))
    await connection.write(frame(FRAME.headers, END_HEADERS, 1, JOIN))
    return again(connection, () => frame(FRAME.ping, 0, 0, Buffer.alloc(8)))
  },
}

/** Those that the hub takes for idle, and no more: a bot's may be that for longer than a stranger's. */
export const IDLE: Readonly<Record<string, Slow>> = {
  'answers pings and asks for nothing': async (attacker) => answerPings(await openHttp2(attacker)),
}

/** As a client does that is there (RFC 9113, section 6.7). */
function answerPings(connection: RawConnection): RawConnection {
  let rest = Buffer.alloc(0)
  connection.socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const end = rest.length < FRAME_HEAD ? Infinity : FRAME_HEAD + rest.readUIntBE(0, 3)
      if (rest.length < end) return
      if (rest[3] === FRAME.ping && rest[4] !== ACK) {
        void connection.write(frame(FRAME.ping, ACK, 0, rest.subarray(FRAME_HEAD, end)))
      }
      rest = rest.subarray(end)
    }
  })
  return connection
}

function drip(connection: RawConnection, bytes: Buffer): RawConnection {
  let at = 0
  // The last byte is never sent.
  return again(connection, () => bytes.subarray(at, Math.min(++at, bytes.length - 1)))
}

function again(connection: RawConnection, next: () => Uint8Array): RawConnection {
  void (async () => {
    while (!connection.isClosed) {
      await connection.write(next())
      await Promise.race([systemClock.sleep(STEP_MS), connection.closed])
    }
  })()
  return connection
}

/** As Node's client sends it. */
async function clientHello(): Promise<Buffer> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new TypeError('no TCP address')
  const accepted = once(server, 'connection')
  const client = connect({
    ...{ host: '127.0.0.1', port: bound.port },
    ...{ servername: HUB_SERVER_NAME, ALPNProtocols: ['h2'] },
  })
  client.on('error', () => {})
  const [socket] = await accepted
  const [hello] = await once(socket, 'data')
  client.destroy()
  socket.destroy()
  server.close()
  return hello
}
