/**
 * The hub's door to the network. TLS is ended here and grpc-js gets plain sockets, so that each
 * connection's peer is read once and every option of TLS is in our hands.
 *
 * - TLS 1.3 alone, and no session tickets: a resumed session would carry the identity of the
 *   certificate that it was made with, long after that was renewed.
 * - A client certificate is asked for and not required: who joins has none yet.
 * - A connection begins in the lobby (lobby.ts), which decides who goes when it is full. TLS is begun
 *   when the client has spoken and its turn has come, a few in each turn of the event loop: handshakes
 *   are dear, and calls under way go on between them.
 * - Whoever has proved an identity gets a place in the hall (hall.ts), as long as there is one.
 * - What a client sends is counted, and a connection that sends too much is closed.
 */
import { constants, type X509Certificate } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import {
  createSecureContext,
  createServer as createTlsServer,
  type SecureContext,
  type SecureContextOptions,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls'
import { type Address, formatAddress } from '../../base/address.ts'
import { type Clock, SECOND } from '../../base/clock.ts'
import { addressError } from '../../base/listen-error.ts'
import { sourceOf } from '../source.ts'
import { CONNECTION_LIMITS, type ConnectionLimits } from './connection-limits.ts'
import { type Connections, createConnections } from './connections.ts'
import { DOORS, type Door, isOverspent } from './door-limits.ts'
import { Hall, type Place } from './hall.ts'
import { type Entry, Lobby } from './lobby.ts'
import { bearerAt, type Peer } from './peer.ts'
import { createRefusals } from './refuse.ts'
import type { ServingCertificate } from './serving-certificate.ts'
import { createVisit, type FindVisit, type Visit } from './visit.ts'

/**
 * Why the hub has closed a connection before its time: there was no room (`busy`), it made room for
 * another (`crowd`), its handshake took too long, or it has sent too much (`flood`).
 */
export const CLOSINGS = ['busy', 'crowd', 'handshake', 'flood'] as const
export type Closing = (typeof CLOSINGS)[number]

/** For metrics. Must not throw. */
export type ClosingListener = (reason: Closing) => void

/** What the door shows of the hub, and whom it believes. */
export interface TlsCredentials {
  readonly certificate: ServingCertificate
  /** In its place for clients that ask for another name: see src/trust/server-name.ts. */
  readonly byName: ReadonlyMap<string, ServingCertificate>
  /** The TLS CAs whose client certificates count, PEM. */
  readonly clientCas: readonly string[]
}

export interface TlsListenerOptions {
  readonly credentials: TlsCredentials
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  /** @param acceptedAt before the handshake, on the monotonic clock */
  readonly readPeer: (socket: TLSSocket, acceptedAt: number) => Peer
  readonly accept: (socket: TLSSocket, door: Exclude<Door, 'local'>) => void
  readonly limits?: ConnectionLimits | undefined
  readonly onClosed?: ClosingListener | undefined
  /** Connections can't be accepted, for lack of file descriptors for instance. */
  readonly onFailure?: ((error: unknown) => void) | undefined
}

export interface TlsListener {
  /** Those whose handshake is over. */
  readonly connections: Connections
  /** @throws ListenError */
  listen(address: Address): Promise<Address>
  readonly visit: FindVisit
  /** From now on, for new connections. */
  replaceCredentials(credentials: TlsCredentials): void
  /** Ends the connections of those whose certificates this is true of. */
  endWhere(isEnded: (certificate: X509Certificate) => boolean): void
  /** Takes no more connections, and ends the handshakes under way. */
  stop(): void
}

/** For a client's first words, for its turn, and from then on to the end of the handshake. */
const HANDSHAKE_TIMEOUT = 10 * SECOND
/** Of which each costs about a millisecond, half of it at once. */
const HANDSHAKES_A_TURN = 4
/** Connections that wait in the kernel. It has its own limit: net.core.somaxconn. */
const BACKLOG = 4_096
/** Of a connection that waits for its turn, in bytes: a ClientHello has less than 2 KB. */
const READ_AHEAD = 4_096
const COUNT_EVERY = SECOND / 4

/** Those past the handshake, by name. */
interface Arrival {
  /** Under TLS: what it has read counts, for a record need not hold a byte of HTTP/2. */
  readonly connection: Socket
  readonly socket: TLSSocket
  readonly door: Exclude<Door, 'local'>
  readonly since: number
  readonly visit: Visit
}

export function createTlsListener(options: TlsListenerOptions): TlsListener {
  const { clock, limits = CONNECTION_LIMITS, onClosed = () => {} } = options
  const lobby = new Lobby<Socket>(limits.lobby)
  const hall = new Hall<Socket>(limits.hall)
  const refusals = createRefusals(limits.refused)
  const connections = createConnections()
  /** Of the sockets under TLS, from the accept to the end of the handshake. */
  const handshaking = new Map<string, Entry<Socket>>()
  const arrivals = new Map<string, Arrival>()
  let isStopping = false
  let isTurnDue = false

  let contexts = contextsByName(options.credentials)
  const tls = createTlsServer({
    ...tlsOptions(options.credentials),
    // Without one for that name the server's own is used.
    SNICallback: (name, chosen) => chosen(null, contexts.get(name)),
  })
  const server = createServer({ pauseOnConnect: true, highWaterMark: READ_AHEAD }, admit)
  server.on('error', (error) => options.onFailure?.(error))
  tls.on('secureConnection', welcome)
  // A handshake that fails is the client's affair; the socket is gone already.
  tls.on('tlsClientError', () => {})
  const counting = setInterval(count, COUNT_EVERY)
  counting.unref()

  function admit(socket: Socket): void {
    // What goes wrong with it shows at whoever reads from it; unheard, it would end the process.
    socket.on('error', () => {})
    const name = nameOf(socket)
    if (socket.remoteAddress === undefined || isStopping) {
      socket.destroy()
      return
    }
    const source = sourceOf(socket.remoteAddress)
    const entry = lobby.enter(socket, source, clock.monotonic(), evict)
    if (!entry) {
      onClosed('busy')
      refusals.refuse(socket)
      return
    }
    handshaking.set(name, entry)
    socket.once('close', () => {
      lobby.leave(entry)
      if (handshaking.get(name) === entry) handshaking.delete(name)
    })
    socket.once('readable', () => {
      // At its end there is nothing to read.
      if (socket.readableLength === 0) socket.destroy()
      else {
        lobby.speak(entry, clock.monotonic())
        planTurn()
      }
    })
  }

  /** Who has said nothing is told nothing. */
  function evict({ connection, stage }: Entry<Socket>): void {
    onClosed('crowd')
    if (stage === 'waiting') refusals.refuse(connection)
    else connection.destroy()
  }

  function planTurn(): void {
    if (isTurnDue) return
    isTurnDue = true
    setImmediate(() => {
      isTurnDue = false
      for (const { connection } of lobby.overdue(clock.monotonic())) {
        onClosed('busy')
        refusals.refuse(connection)
      }
      for (let begun = 0; begun < HANDSHAKES_A_TURN; begun++) {
        const entry = lobby.next(clock.monotonic())
        if (!entry) return
        // It takes what was read ahead with it.
        tls.emit('connection', entry.connection)
      }
      planTurn()
    })
  }

  function welcome(socket: TLSSocket): void {
    const name = nameOf(socket)
    const entry = handshaking.get(name)
    handshaking.delete(name)
    connections.add(socket)
    if (socket.alpnProtocol !== 'h2' || entry === undefined || isStopping) {
      socket.destroy()
      return
    }
    const peer = options.readPeer(socket, entry.acceptedAt)
    const place = findPlace(entry, peer)
    if (entry.connection.destroyed) return
    const visit = createVisit(peer, place === undefined, place ?? entry)
    const door = place?.room ?? 'guest'
    const { connection } = entry
    const arrival: Arrival = { connection, socket, door, since: clock.monotonic(), visit }
    arrivals.set(name, arrival)
    socket.once('close', () => {
      if (place) hall.leave(place)
      if (arrivals.get(name) === arrival) arrivals.delete(name)
    })
    options.accept(socket, door)
  }

  function leaveHall({ connection }: Place<Socket>): void {
    onClosed('crowd')
    connection.destroy()
  }

  /** In the hall, or else as a guest of the lobby. */
  function findPlace(entry: Entry<Socket>, peer: Peer): Place<Socket> | undefined {
    const { connection } = entry
    const bearer = bearerAt(peer, clock.now())
    const place = bearer && hall.enter(connection, bearer.room, bearer.name, leaveHall)
    if (place) lobby.leave(entry)
    else lobby.welcome(entry, clock.monotonic(), evict)
    return place
  }

  function count(): void {
    const now = clock.monotonic()
    for (const { connection, since } of handshaking.values()) {
      if (now - since <= HANDSHAKE_TIMEOUT) continue
      onClosed('handshake')
      connection.destroy()
    }
    for (const { connection, door, since } of arrivals.values()) {
      if (!isOverspent(DOORS[door], connection.bytesRead, now - since)) continue
      onClosed('flood')
      connection.destroy()
    }
  }

  return {
    connections,
    listen: (address) => listen(server, address),
    visit: (name) => arrivals.get(name)?.visit,
    replaceCredentials(credentials) {
      contexts = contextsByName(credentials)
      // Options that aren't given again are dropped, those of security among them.
      tls.setSecureContext(tlsOptions(credentials))
    },
    endWhere(isEnded) {
      for (const { socket } of [...arrivals.values()]) {
        const certificate = socket.getPeerX509Certificate()
        if (certificate && isEnded(certificate)) socket.destroy()
      }
    },
    stop() {
      isStopping = true
      clearInterval(counting)
      server.close()
      refusals.stop()
      for (const { connection } of handshaking.values()) connection.destroy()
    },
  }
}

/**
 * As grpc-js names a connection. The kernel gives a remote address and port to no second connection
 * before this one's socket is closed, and from then on grpc-js has no name for it.
 */
function nameOf(socket: Socket): string {
  return `${socket.remoteAddress}:${socket.remotePort}`
}

function contextsByName(credentials: TlsCredentials): ReadonlyMap<string, SecureContext> {
  return new Map(
    [...credentials.byName].map(([name, certificate]) => [
      name,
      createSecureContext(contextOptions(certificate, credentials.clientCas)),
    ]),
  )
}

function contextOptions(certificate: ServingCertificate, clientCas: readonly string[]) {
  return {
    key: certificate.privateKey,
    cert: certificate.chain,
    ca: [...clientCas],
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    secureOptions: constants.SSL_OP_NO_TICKET,
  } as const satisfies SecureContextOptions
}

function tlsOptions({ certificate, clientCas }: TlsCredentials): TlsOptions {
  return {
    ...contextOptions(certificate, clientCas),
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
    handshakeTimeout: HANDSHAKE_TIMEOUT,
  }
}

async function listen(server: Server, address: Address): Promise<Address> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ host: address.host, port: address.port, backlog: BACKLOG }, resolve)
  try {
    await promise
  } catch (error) {
    throw addressError(formatAddress(address), error, '--listen-addr')
  }
  server.off('error', reject)
  const bound = server.address()
  return bound !== null && typeof bound === 'object'
    ? { host: bound.address, port: bound.port }
    : address
}
