import type { TLSSocket } from 'node:tls'
import type { ParsedCa } from '../../x509/authority.ts'
import { X509Error } from '../../x509/errors.ts'
import { type PeerCertificate, readPeerIdentity } from '../../x509/peer-identity.ts'
import { verifyIssuedBy } from '../../x509/verify.ts'
import { bearerOf, type Caller } from '../caller.ts'
import { BACKDATE } from '../lives.ts'
import type { Room } from './hall.ts'

/** Who is at the other end of a connection, as it was proved when it was made. */
export interface Peer {
  readonly caller: Caller
  /**
   * When its certificate expires, in milliseconds since the epoch; it may have before the connection
   * was made. Undefined where there is none that counts.
   */
  readonly identityExpiresAt: number | undefined
}

/** Whose the connection is at this time, and where in the hall it belongs; undefined: nobody's. */
export function bearerAt(
  { caller, identityExpiresAt }: Peer,
  nowMs: number,
): { readonly name: string; readonly room: Room } | undefined {
  if (caller.kind === 'anyone' || caller.kind === 'local') return undefined
  if (identityExpiresAt === undefined || identityExpiresAt <= nowMs) return undefined
  return { name: bearerOf(caller), room: caller.kind }
}

/** Whose certificates count. */
export interface Cluster {
  readonly id: string
  readonly tlsCas: readonly ParsedCa[]
}

/** Of a connection whose handshake is over. */
export interface ConnectionTimes {
  /** When it was accepted, before the handshake; monotonic, in milliseconds. */
  readonly acceptedAt: number
  /** Now, in milliseconds since the epoch. */
  readonly nowMs: number
}

/**
 * Reads the peer once for each connection: parsing a certificate costs as much as a small call.
 *
 * A certificate that isn't this cluster's counts as none. One that is and has expired is remembered,
 * so that its bearer is told so at its calls. One that isn't valid yet counts as any other: it is from
 * before the hub's clock was set back, and its bearer needs the next one all the more.
 */
export function readPeer(socket: TLSSocket, cluster: Cluster, at: ConnectionTimes): Peer {
  const address = withoutMapping(socket.remoteAddress ?? '')
  const certificate = trustedCertificate(socket, cluster, at.nowMs)
  const caller = certificate && callerOf(certificate, cluster, address, at.acceptedAt)
  return caller && certificate
    ? { caller, identityExpiresAt: certificate.validity.notAfterMs }
    : { caller: { kind: 'anyone', address }, identityExpiresAt: undefined }
}

function callerOf(
  { identity, validity, spkiFingerprint }: PeerCertificate,
  cluster: Cluster,
  address: string,
  connectedAt: number,
): Caller | undefined {
  if (identity.clusterId !== cluster.id) return undefined
  const { kind, name } = identity
  switch (kind) {
    case 'admin':
      return { kind, name, keyFingerprint: spkiFingerprint, address }
    case 'bot':
    case 'node': {
      const { instanceId, generation } = identity
      const keyFingerprint = spkiFingerprint
      const lives = { issuedAt: validity.notBeforeMs + BACKDATE, expiresAt: validity.notAfterMs }
      const bearer = { instanceId, generation, keyFingerprint, ...lives, address, connectedAt }
      return kind === 'bot' ? { kind, bot: name, ...bearer } : { kind, node: name, ...bearer }
    }
  }
}

function trustedCertificate(
  socket: TLSSocket,
  { tlsCas }: Cluster,
  nowMs: number,
): PeerCertificate | undefined {
  const certificate = socket.getPeerX509Certificate()
  if (!certificate) return undefined
  const isTrusted =
    socket.authorized || tlsCas.some((ca) => isOutOfTime(certificate.raw, ca, nowMs))
  if (!isTrusted) return undefined
  try {
    return readPeerIdentity(certificate)
  } catch (error) {
    if (error instanceof X509Error) return undefined
    throw error
  }
}

/**
 * Whether this CA issued the certificate and nothing but the time is wrong, be it that of the CA: whoever
 * can't be served for that is told so. OpenSSL's own finding won't do: it reports the last thing wrong,
 * so an expired forgery looks like an expired original.
 */
function isOutOfTime(certificate: Uint8Array, ca: ParsedCa, nowMs: number): boolean {
  try {
    verifyIssuedBy(certificate, ca, nowMs)
    return false
  } catch (error) {
    return error instanceof X509Error && TIMES.has(error.code)
  }
}

const TIMES: ReadonlySet<string> = new Set(['expired', 'not-yet-valid'])

/** An IPv4 address as such where a socket for both families shows it mapped (RFC 4291, 2.5.5.2). */
function withoutMapping(address: string): string {
  return address.replace(/^::ffff:(?=[\d.]+$)/i, '')
}
