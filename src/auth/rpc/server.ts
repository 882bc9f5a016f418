/**
 * The hub's server: all server-side gRPC of Mezite.
 *
 * - Who calls is decided by the door (unix socket or TLS) and the connection's certificate, anew at
 *   each call; no call reaches its handler but through the access table.
 * - Each door has a gRPC server of its own, so that no network peer can ever pass for a local one.
 * - Every refusal of access is in the audit log before the caller has it.
 * - What a caller can make the hub hold is bounded: connections, streams, message sizes, queues of
 *   streams, times.
 */
import type { Socket } from 'node:net'
import { Server, ServerCredentials, type ServerOptions } from '@grpc/grpc-js'
import type { Address } from '../../base/address.ts'
import { HOUR, MINUTE, SECOND } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { methodPath } from '../../rpc/method-name.ts'
import { encodeCertificatePem } from '../../x509/pem.ts'
import type { Auth } from '../auth.ts'
import { type CallListener, handleCall } from './call.ts'
import { recordDenial } from './denial.ts'
import { hubRpcs } from './handlers/all.ts'
import { type Peer, readPeer } from './peer.ts'
import type { Rpc } from './rpc.ts'
import {
  issueServingCertificate,
  keepServingCertificate,
  type ServingCertificate,
} from './serving-certificate.ts'
import { handleStream, type StreamContext } from './stream-call.ts'
import { endingFor } from './stream-endings.ts'
import { createStreams } from './streams.ts'
import { createTlsListener, MOST_CONNECTIONS } from './tls-listener.ts'
import { listenOnUnixSocket, type UnixListener } from './unix-listener.ts'

export interface HubServerOptions {
  readonly auth: Auth
  /** Mezite's, for `GetStatus`. */
  readonly version: string
  readonly log: Pick<Logger, 'error'>
  /** On the network; left out: 4,096. */
  readonly mostConnections?: number | undefined
  /** Whether the hub is in a state to serve, for gRPC's health service; left out: always. */
  readonly isServing?: (() => boolean) | undefined
  readonly onCall?: CallListener | undefined
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

const GRPC_OPTIONS: ServerOptions = {
  'grpc.max_receive_message_length': 128 * 1024,
  'grpc.max_send_message_length': 8 * 1024 * 1024,
  'grpc.max_concurrent_streams': 32,
  // A node's agent that is gone, without a word, is noticed within 20 s.
  'grpc.keepalive_time_ms': 10 * SECOND,
  'grpc.keepalive_timeout_ms': 10 * SECOND,
  'grpc.max_connection_idle_ms': 5 * MINUTE,
  // Also ends a stream whose request never comes to its end.
  'grpc.max_connection_age_ms': HOUR,
  'grpc.max_connection_age_grace_ms': MINUTE,
  'grpc.enable_channelz': 0,
  // Of one connection, in MB.
  'grpc-node.max_session_memory': 16,
}

const LOCAL: Peer = { caller: { kind: 'local', address: '' }, identityExpiresAt: undefined }

/** @throws X509Error where the TLS CA can't issue the hub's certificate any more */
export function createHubServer(options: HubServerOptions): HubServer {
  const { auth, log, version, onCall, isServing = () => true } = options
  const { mostConnections = MOST_CONNECTIONS } = options
  const { context, admins } = auth
  const { clock, random, authorities, store } = context
  const { tls } = authorities
  const streams = createStreams(mostConnections / 2)
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
  const serving = { authority: tls, clock, random }
  const certificate = issueServingCertificate(serving)
  const cluster = { id: store.clusterId, tlsCas: [tls.certificate] }

  const network = openDoor(rpcs, calls, (name) => listener.peer(name))
  const listener = createTlsListener({
    certificate,
    clientCas: cluster.tlsCas.map(({ der }) => encodeCertificatePem(der)),
    clock,
    readPeer: (socket, acceptedAt) => readPeer(socket, cluster, { acceptedAt, nowMs: clock.now() }),
    accept: network.accept,
    mostConnections,
  })
  const local = openDoor(rpcs, calls, () => LOCAL)
  let localListener: UnixListener | undefined
  const unsubscribe = store.changes.subscribe((changes) => streams.end(endingFor(changes)))
  let servingUntil = certificate.validity.notAfterMs

  function replaceCertificate(next: ServingCertificate): void {
    listener.replaceCertificate(next)
    servingUntil = next.validity.notAfterMs
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
      streams.stop()
      network.drain()
      local.drain()
      const overdue = setTimeout(endAll, graceMs)
      await Promise.all(left.map((connections) => connections.drained()))
      clearTimeout(overdue)
    },
  }
}

interface Door {
  accept(socket: Socket): void
  /** Takes no more calls; each connection is closed when its last call is answered. */
  drain(): void
}

function openDoor(
  rpcs: readonly Rpc[],
  calls: StreamContext,
  peerOf: (name: string) => Peer | undefined,
): Door {
  const server = new Server(GRPC_OPTIONS)
  const asItIs = (bytes: Buffer) => bytes
  for (const rpc of rpcs) {
    const path = methodPath(rpc.method)
    if (rpc.kind === 'unary') {
      server.register(path, handleCall(rpc, calls, peerOf), asItIs, asItIs, 'unary')
    } else {
      const handler = handleStream(rpc, calls, peerOf)
      server.register(path, handler, asItIs, asItIs, 'serverStream')
    }
  }
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
  return {
    accept: (socket) => injector.injectConnection(socket),
    // It calls back at once, while calls are still under way: the connections tell when it is over.
    drain: () => server.tryShutdown(() => {}),
  }
}
