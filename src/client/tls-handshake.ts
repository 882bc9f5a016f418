import type { X509Certificate } from 'node:crypto'
import { connect, type TLSSocket } from 'node:tls'
import { formatAddress } from '../base/address.ts'
import { SECOND } from '../base/clock.ts'
import { connectionError, notAHub, timedOut } from './connection-errors.ts'
import type { HubAddress } from './identity-hub.ts'
import type { ServerTrust } from './server-trust.ts'

/** What a bare handshake has found out about a server. */
export interface Handshake {
  /** The server's certificate and those it sent along, DER. It has proved to hold the first's key. */
  readonly presented: readonly Buffer[]
  /** OpenSSL's or Node's code for why it isn't trusted (`CERT_HAS_EXPIRED`); undefined: it is. */
  readonly refusal: string | undefined
}

export interface HandshakeOptions {
  readonly trust: Pick<ServerTrust, 'serverName'> & Partial<ServerTrust>
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

const HANDSHAKE_TIMEOUT = 10 * SECOND
const MOST_CERTIFICATES = 8

/**
 * One TLS 1.3 handshake, and nothing after it: no byte of application data is sent, whoever it is
 * that answers. Rejects with the signal's reason when aborted.
 *
 * @throws HubError `unreachable`, `not-a-hub`
 */
export async function shakeHands(
  address: HubAddress,
  { trust, timeoutMs = HANDSHAKE_TIMEOUT, signal }: HandshakeOptions,
): Promise<Handshake> {
  signal?.throwIfAborted()
  const where = formatAddress(address)
  const socket = connect({
    host: address.host,
    port: address.port,
    servername: trust.serverName,
    ALPNProtocols: ['h2'],
    minVersion: 'TLSv1.3',
    // Judged below: here the chain is wanted even where it isn't trusted.
    rejectUnauthorized: false,
    ...(trust.roots && { ca: [...trust.roots] }),
    ...(trust.checkServerIdentity && { checkServerIdentity: trust.checkServerIdentity }),
  })
  const { promise, resolve, reject } = Promise.withResolvers<Handshake>()
  const timer = setTimeout(() => reject(timedOut(where, timeoutMs)), timeoutMs)
  const abort = () => reject(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  socket.on('error', (cause) => reject(connectionError(where, cause)))
  socket.once('secureConnect', () => {
    if (socket.alpnProtocol === 'h2') resolve(readHandshake(socket))
    else reject(notAHub(where, 'the TLS server there does not speak HTTP/2'))
  })
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
    socket.destroy()
  }
}

function readHandshake(socket: TLSSocket): Handshake {
  const presented: Buffer[] = []
  let next: X509Certificate | undefined = socket.getPeerX509Certificate()
  while (next && presented.length < MOST_CERTIFICATES) {
    presented.push(next.raw)
    next = next.issuerCertificate
  }
  // Typed as an error, but documented and set as its code.
  const refusal = socket.authorized ? undefined : String(socket.authorizationError)
  return { presented, refusal }
}
