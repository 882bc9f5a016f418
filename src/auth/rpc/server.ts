/**
 * The hub's server: all server-side gRPC of Mezite.
 *
 * - Who calls is decided by the door (unix socket or TLS) and the connection's certificate, anew at
 *   each call; no call reaches its handler but through the access table.
 * - Each door has a gRPC server of its own, so that no network peer can ever pass for a local one, and
 *   those of whom less is known get less (door-limits.ts).
 * - Every refusal of access is in the audit log, or counted there, before the caller has it.
 * - What a caller can make the hub hold is bounded: connections, streams, message sizes, queues of
 *   streams, times.
 */
import type { Address } from '../../base/address.ts'
import type { Logger } from '../../base/log.ts'
import { serverNameFor } from '../../trust/server-name.ts'
import type { ParsedCa } from '../../x509/authority.ts'
import { encodeCertificatePem } from '../../x509/pem.ts'
import { spkiPin } from '../../x509/public-key.ts'
import type { Auth } from '../auth.ts'
import type { CallListener } from './call.ts'
import { limitsFor } from './connection-limits.ts'
import { recordDenial } from './denial.ts'
import { DOORS, type Door } from './door-limits.ts'
import { openGrpcDoor } from './grpc-door.ts'
import { hubRpcs } from './handlers/all.ts'
import { readPeer } from './peer.ts'
import {
  issueServingCertificate,
  keepServingCertificate,
  type ServingCertificate,
} from './serving-certificate.ts'
import type { StreamContext } from './stream-call.ts'
import { endingFor } from './stream-endings.ts'
import { createStreams } from './streams.ts'
import { type ClosingListener, createTlsListener, type TlsCredentials } from './tls-listener.ts'
import { Turnstile } from './turnstile.ts'
import { listenOnUnixSocket, type UnixListener } from './unix-listener.ts'
import { createVisit } from './visit.ts'

export interface HubServerOptions {
  readonly auth: Auth
  /** Mezite's, for `GetStatus`. */
  readonly version: string
  readonly log: Pick<Logger, 'error'>
  /** On the network; left out: as many as `CONNECTION_LIMITS` has. */
  readonly mostConnections?: number | undefined
  readonly requestTimeoutMs?: number | undefined
  /** Whether the hub is in a state to serve, for gRPC's health service; left out: always. */
  readonly isServing?: (() => boolean) | undefined
  readonly onCall?: CallListener | undefined
  readonly onClosed?: ClosingListener | undefined
}

export interface HubServer {
  /** Opens the door to the network; returns where it is. @throws ListenError */
  listen(address: Address): Promise<Address>
  /** Opens the door for this machine, a unix socket. @throws ListenError */
  listenLocally(path: string): Promise<void>
  /**
   * Takes no more connections and calls, waits up to `graceMs` for those under way, and ends what is
   * left.
   */
  close(graceMs: number): Promise<void>
  /** Connections from the network. */
  readonly connections: number
  /** Open streams of bots, and of nodes. */
  streamsOf(kind: 'bot' | 'node'): number
  /** Milliseconds since the epoch. */
  servingCertificateEndsAt(): number
}

const LOCAL = createVisit(
  { caller: { kind: 'local', address: '' }, identityExpiresAt: undefined },
  false,
)

/** Of the places that bots have in the hall: their renewals come on connections of their own. */
const STREAMS_OF_BOTS = 8 / 9

/** @throws X509Error where the TLS CA can't issue the hub's certificate any more */
export function createHubServer(options: HubServerOptions): HubServer {
  const { auth, log, version, onCall, isServing = () => true, requestTimeoutMs } = options
  const { context, admins } = auth
  const { clock, random, authorities, store } = context
  const limits = limitsFor(options.mostConnections)
  const streams = createStreams(Math.floor(limits.hall.bot.most * STREAMS_OF_BOTS))
  const calls: StreamContext = {
    clock,
    random,
    log,
    streams,
    onCall,
    requireCurrentAdmin: (caller) => admins.requireCurrent(caller),
    recordDenial: (denial) => recordDenial(context, auth.refusals, denial),
  }
  const rpcs = hubRpcs(auth, version, isServing)
  const stopping = new AbortController()
  const serving = {
    get authority() {
      return authorities.serving
    },
    clock,
    random,
  }
  const certificate = issueServingCertificate(serving)

  const common = { rpcs, calls, requestTimeoutMs }
  const open = (door: Exclude<Door, 'local'>, turnstile?: Turnstile) =>
    openGrpcDoor(DOORS[door], { ...common, findVisit: (name) => listener.visit(name), turnstile })
  const ofMany = new Turnstile(clock)
  const doors = {
    guest: open('guest', ofMany),
    bot: open('bot', ofMany),
    node: open('node', ofMany),
    admin: open('admin'),
  }
  const local = openGrpcDoor(DOORS.local, {
    ...common,
    findVisit: () => LOCAL,
    turnstile: undefined,
  })
  const listener = createTlsListener({
    credentials: credentialsWith(certificate),
    clock,
    readPeer: (socket, acceptedAt) =>
      readPeer(
        socket,
        { id: store.clusterId, tlsCas: trustedCas() },
        { acceptedAt, nowMs: clock.now() },
      ),
    accept: (socket, door) => doors[door].accept(socket),
    limits,
    onClosed: options.onClosed,
    onFailure: (error) => log.error({ error }, 'connections cannot be accepted'),
  })
  let localListener: UnixListener | undefined
  const unsubscribe = store.changes.subscribe((changes) => streams.end(endingFor(changes)))
  let servingUntil = certificate.validity.notAfterMs

  let trusted = trustedCas()
  let served = authorities.serving
  const unfollow = authorities.subscribe(followAuthorities)

  function trustedCas(): readonly ParsedCa[] {
    return authorities.tlsCas.map(({ certificate: ca }) => ca)
  }

  /** While the TLS CA is rotated, clients that know one of the two are shown a certificate of that one. */
  function credentialsWith(current: ServingCertificate): TlsCredentials {
    const { tlsCas } = authorities
    const named = tlsCas.length > 1 ? tlsCas : []
    return {
      certificate: current,
      byName: new Map(
        named.map((authority) => [
          serverNameFor(spkiPin(authority.certificate.der)),
          issueServingCertificate({ authority, clock, random }),
        ]),
      ),
      clientCas: tlsCas.map(({ certificate: { der } }) => encodeCertificatePem(der)),
    }
  }

  function replaceCertificate(next: ServingCertificate): void {
    listener.replaceCredentials(credentialsWith(next))
    servingUntil = next.validity.notAfterMs
  }

  /** A kept connection outlives its certificate, and must not outlive the trust in its CA. */
  function followAuthorities(): void {
    const before = trusted
    trusted = trustedCas()
    const gone = before.filter((ca) => !trusted.some(({ der }) => der.equals(ca.der)))
    const isSame = before.length === trusted.length && gone.length === 0
    if (isSame && served === authorities.serving) return
    served = authorities.serving
    replaceCertificate(issueServingCertificate(serving))
    if (gone.length > 0) {
      listener.endWhere((peer) => gone.some(({ x509 }) => peer.checkIssued(x509)))
    }
  }

  return {
    get connections() {
      return listener.connections.size
    },
    streamsOf: (kind) => streams.count(kind),
    servingCertificateEndsAt: () => servingUntil,
    async listen(address) {
      const bound = await listener.listen(address)
      void keepServingCertificate(certificate, replaceCertificate, {
        ...serving,
        log,
        signal: stopping.signal,
      })
      return bound
    },
    async listenLocally(path) {
      localListener = await listenOnUnixSocket(path, local.accept)
    },
    async close(graceMs) {
      stopping.abort()
      const left = [listener.connections, ...(localListener ? [localListener.connections] : [])]
      const endAll = () => {
        for (const connections of left) connections.destroy()
      }
      listener.stop()
      localListener?.stop()
      unsubscribe()
      unfollow()
      streams.stop()
      for (const door of [local, ...Object.values(doors)]) door.drain()
      const overdue = setTimeout(endAll, graceMs)
      await Promise.all(left.map((connections) => connections.drained()))
      clearTimeout(overdue)
    },
  }
}
