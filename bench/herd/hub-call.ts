/**
 * One connection and one call, as a daemon makes them, on Node's own HTTP/2: 10,000 of grpc-js's
 * channels would be most of the load.
 */
import { once } from 'node:events'
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { connect, createSecureContext, type TLSSocket } from 'node:tls'
import { systemErrorCode } from '../../src/base/errors.ts'
import { RECEIVE_WINDOW } from '../../src/client/channel.ts'
import { HubError } from '../../src/client/identity-hub.ts'
import { HUB_SERVER_NAME } from '../../src/x509/issue.ts'

/** As the client has them. */
const CALL_TIMEOUT_MS = 15_000
const EXPLANATION_TIMEOUT_MS = 5_000
/** Of a gRPC message: whether it is compressed, and its length. */
const PREFIX = 5
const BUSY_ALERT = 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR'

export interface Caller {
  readonly port: number
  readonly address: string
  /** Both PEM. */
  readonly certificate: string
  readonly privateKey: string
}

export interface OpenCall extends Disposable {
  /** The first message. */
  readonly first: Promise<Buffer>
  /** Rejects when the call or its connection is over. */
  readonly ended: Promise<never>
}

/**
 * A TCP connection first: without a hub there is none, and TLS would be made for nothing. Whoever it
 * is that answers: to verify the hub costs the client alone, which has to be cheap here.
 */
async function dial(
  { port, address, certificate, privateKey }: Caller,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const socket = connectTcp({ host: '127.0.0.1', port, localAddress: address })
  socket.on('error', () => {})
  await once(socket, 'connect', { signal }).catch((error: unknown) => {
    socket.destroy()
    throw error
  })
  return connect({
    socket,
    ...{ ALPNProtocols: ['h2'], rejectUnauthorized: false, servername: HUB_SERVER_NAME },
    // Without the roots that Node brings along, which cost more than all else here.
    secureContext: createSecureContext({
      ...{ minVersion: 'TLSv1.3', ca: [], cert: certificate, key: privateKey },
    }),
  })
}

/**
 * Calls that one process has under way until they are answered; a call's time begins with its turn.
 * Ten thousand machines have ten thousand times the time for it: one process that begins all at once
 * would end none in time.
 */
const MOST_AT_ONCE = 600
let underWay = 0
const waiting: (() => void)[] = []

async function takeTurn(): Promise<void> {
  if (underWay < MOST_AT_ONCE) underWay += 1
  else await new Promise<void>((resolve) => waiting.push(resolve))
}

function endTurn(): void {
  const next = waiting.shift()
  if (next) next()
  else underWay -= 1
}

/** Fails with a HubError, as the client's call would. */
export async function openCall(caller: Caller, path: string, request: Buffer): Promise<OpenCall> {
  await takeTurn()
  try {
    const call = await makeCall(caller, path, request)
    void call.first.then(endTurn, endTurn)
    return call
  } catch (error) {
    endTurn()
    throw error
  }
}

async function makeCall(caller: Caller, path: string, request: Buffer): Promise<OpenCall> {
  const late = AbortSignal.timeout(CALL_TIMEOUT_MS)
  const socket = await dial(caller, late).catch((error: unknown) => {
    throw connectionError(error)
  })
  const first = Promise.withResolvers<Buffer>()
  const ended = Promise.withResolvers<never>()
  for (const { promise } of [first, ended]) promise.catch(() => {})
  const timer = setTimeout(() => fail(new HubError('unreachable', 'timed out')), CALL_TIMEOUT_MS)
  const session: ClientHttp2Session = connectHttp2(`https://${HUB_SERVER_NAME}`, {
    createConnection: () => socket,
    settings: { initialWindowSize: RECEIVE_WINDOW },
  })
  function end(): void {
    clearTimeout(timer)
    session.destroy()
    socket.destroy()
  }
  function fail(error: unknown): void {
    first.reject(error)
    ended.reject(error)
    end()
  }
  socket.on('error', (error) => fail(connectionError(error)))
  session.on('error', (error) => fail(connectionError(error)))
  session.on('close', () => fail(new HubError('unreachable', 'closed')))
  const stream = session.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: path,
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  let received = Buffer.alloc(0)
  stream.on('error', (error) => fail(connectionError(error)))
  stream.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    if (received.length < PREFIX || received.length < PREFIX + received.readUInt32BE(1)) return
    clearTimeout(timer)
    first.resolve(received.subarray(PREFIX, PREFIX + received.readUInt32BE(1)))
    received = received.subarray(PREFIX + received.readUInt32BE(1))
  })
  const refuse = (headers: Record<string, unknown>) => {
    const code = headers['mezite-code']
    if (code === undefined) return
    const asked = headers['grpc-retry-pushback-ms']
    const retryAfterMs = asked === undefined ? undefined : Number(asked)
    const details = { hubCode: String(code), retryAfterMs }
    fail(new HubError(code === 'busy' ? 'busy' : 'refused', String(code), details))
  }
  stream.on('response', refuse)
  stream.on('trailers', refuse)
  const prefix = Buffer.alloc(PREFIX)
  prefix.writeUInt32BE(request.length, 1)
  stream.end(Buffer.concat([prefix, request]))
  return { first: first.promise, ended: ended.promise, [Symbol.dispose]: end }
}

/** The handshake by which the client finds out why a call failed that never reached the hub. */
export async function explain(caller: Caller): Promise<void> {
  await takeTurn()
  const signal = AbortSignal.timeout(EXPLANATION_TIMEOUT_MS)
  try {
    const socket = await dial(caller, signal)
    await once(socket, 'secureConnect', { signal }).finally(() => socket.destroy())
  } catch {
    // That is what there was to find out.
  } finally {
    endTurn()
  }
}

function connectionError(error: unknown): HubError {
  const code = systemErrorCode(error) ?? 'timed out'
  if (code === BUSY_ALERT) return new HubError('busy', 'alert')
  return new HubError('unreachable', code)
}
