/**
 * The hub's door to the network. TLS is ended here and grpc-js gets plain sockets, so that each
 * connection's peer is read once and every option of TLS is in our hands.
 *
 * - TLS 1.3 alone, and no session tickets: a resumed session would carry the identity of the
 *   certificate that it was made with, long after that was renewed.
 * - A client certificate is asked for and not required: who joins has none yet.
 */
import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls'
import { type Address, formatAddress } from '../../base/address.ts'
import { type Clock, SECOND } from '../../base/clock.ts'
import { addressError } from '../../base/listen-error.ts'
import { type Connections, createConnections } from './connections.ts'
import type { Peer } from './peer.ts'
import type { ServingCertificate } from './serving-certificate.ts'

export interface TlsListenerOptions {
  readonly certificate: ServingCertificate
  /** The TLS CAs whose client certificates count, PEM. */
  readonly clientCas: readonly string[]
  readonly clock: Pick<Clock, 'monotonic'>
  /** @param acceptedAt before the handshake, on the monotonic clock */
  readonly readPeer: (socket: TLSSocket, acceptedAt: number) => Peer
  readonly accept: (socket: TLSSocket) => void
  readonly mostConnections?: number | undefined
}

export interface TlsListener {
  /** Those whose handshake is over. */
  readonly connections: Connections
  /** @throws ListenError */
  listen(address: Address): Promise<Address>
  /** Who is at the other end, by grpc-js's name for it; undefined when the connection is gone. */
  peer(name: string): Peer | undefined
  /** From now on, for new connections. */
  replaceCertificate(certificate: ServingCertificate): void
  /** Takes no more connections, and ends the handshakes under way. */
  stop(): void
}

export const MOST_CONNECTIONS = 4_096
const HANDSHAKE_TIMEOUT = 10 * SECOND

export function createTlsListener(options: TlsListenerOptions): TlsListener {
  const peers = new Map<string, Peer>()
  const connections = createConnections()
  const handshaking = new Map<string, { readonly socket: Socket; readonly acceptedAt: number }>()
  const server = createServer(tlsOptions(options.certificate, options.clientCas))
  server.maxConnections = options.mostConnections ?? MOST_CONNECTIONS

  server.on('connection', (socket: Socket) => {
    const name = nameOf(socket)
    handshaking.set(name, { socket, acceptedAt: options.clock.monotonic() })
    socket.once('close', () => {
      if (handshaking.get(name)?.socket === socket) handshaking.delete(name)
    })
  })
  server.on('secureConnection', (socket: TLSSocket) => {
    const name = nameOf(socket)
    // In doubt it has been under way for as long as can be.
    const { acceptedAt = 0 } = handshaking.get(name) ?? {}
    handshaking.delete(name)
    connections.add(socket)
    if (socket.alpnProtocol !== 'h2' || socket.remoteAddress === undefined || !server.listening) {
      socket.destroy()
      return
    }
    const peer = options.readPeer(socket, acceptedAt)
    peers.set(name, peer)
    socket.once('close', () => {
      if (peers.get(name) === peer) peers.delete(name)
    })
    options.accept(socket)
  })
  // A handshake that fails is the client's affair; the socket is gone already.
  server.on('tlsClientError', () => {})

  return {
    connections,
    listen: (address) => listen(server, address),
    peer: (name) => peers.get(name),
    replaceCertificate: (certificate) =>
      // Options that aren't given again are dropped, those of security among them.
      server.setSecureContext(tlsOptions(certificate, options.clientCas)),
    stop() {
      server.close()
      for (const { socket } of handshaking.values()) socket.destroy()
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

function tlsOptions(certificate: ServingCertificate, clientCas: readonly string[]): TlsOptions {
  return {
    key: certificate.privateKey,
    cert: certificate.chain,
    ca: [...clientCas],
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    secureOptions: constants.SSL_OP_NO_TICKET,
    ALPNProtocols: ['h2'],
    handshakeTimeout: HANDSHAKE_TIMEOUT,
  }
}

async function listen(server: Server, address: Address): Promise<Address> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ host: address.host, port: address.port }, resolve)
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
