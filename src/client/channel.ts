/**
 * One gRPC channel to the hub, over TLS or the hub's unix socket. It connects at the first call,
 * tries each call once, and is closed by whoever opened it.
 */

import { X509Certificate } from 'node:crypto'
import { isIPv4, isIPv6 } from 'node:net'
import { createSecureContext } from 'node:tls'
import { type ChannelOptions, Client, credentials } from '@grpc/grpc-js'
import { formatAddress } from '../base/address.ts'
import { SECOND } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import { connectionBroke } from './connection-errors.ts'
import { type Attempt, explainFailure } from './hub-recognition.ts'
import type { ClientCredential, HubAddress, HubError } from './identity-hub.ts'
import type { ServerTrust } from './server-trust.ts'
import { explainSocketFailure } from './unix-socket.ts'

export interface HubChannel {
  readonly client: Client
  /** The other end as messages name it. */
  readonly where: string
  /** Why a call failed for which gRPC found no connection, or none any more. */
  explain(cause: unknown, signal: AbortSignal | undefined): Promise<HubError>
  /** Whether a call that failed so may have reached the hub all the same. */
  mayHaveReached(cause: unknown): boolean
  close(): void
}

/** The most that the hub reads of one request, and that this side reads of one reply, in bytes. */
export const LARGEST_REQUEST = 128 * 1024
const LARGEST_REPLY = 8 * 1024 * 1024

/**
 * What the hub may send before this side has read it, in bytes: it holds a copy or two of that for
 * each of its connections, of which thousands may be made at once.
 */
export const RECEIVE_WINDOW = 32 * 1024

const KEEP_ALIVE = 10 * SECOND

const OPTIONS: ChannelOptions = {
  'grpc.enable_retries': 0,
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_channelz': 0,
  'grpc.max_send_message_length': LARGEST_REQUEST,
  'grpc.max_receive_message_length': LARGEST_REPLY,
  'grpc-node.flow_control_window': RECEIVE_WINDOW,
}

export function openTlsChannel(
  attempt: Omit<Attempt, 'signal'>,
  trust: ServerTrust,
  credential: ClientCredential | undefined,
): HubChannel {
  const secureContext = createSecureContext({
    minVersion: 'TLSv1.3',
    ...(trust.roots && { ca: [...trust.roots] }),
    ...(credential && {
      cert: new X509Certificate(credential.certificate).toString(),
      key: credential.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    }),
  })
  const { serverName } = trust
  // Node asks this only of a certificate that it trusts, and before anything is sent.
  let isRecognised = false
  const checkServerIdentity: ServerTrust['checkServerIdentity'] = (host, certificate) => {
    const error = trust.checkServerIdentity(host, certificate)
    isRecognised ||= error === undefined
    return error
  }
  const where = formatAddress(attempt.address)
  const { keepAliveMs = KEEP_ALIVE } = attempt
  const client = new Client(
    target(attempt.address),
    credentials.createFromSecureContext(secureContext, { checkServerIdentity }),
    {
      ...OPTIONS,
      'grpc.ssl_target_name_override': serverName,
      'grpc.keepalive_time_ms': keepAliveMs,
      'grpc.keepalive_timeout_ms': keepAliveMs,
    },
  )
  return {
    client,
    where,
    // Once it was the hub, the call may have reached it, and its answer is lost: nothing that the
    // address answers later can say otherwise.
    explain: async (cause, signal) =>
      isRecognised
        ? connectionBroke(where, cause)
        : explainFailure(trust, { ...attempt, signal }, cause),
    mayHaveReached: () => isRecognised,
    close: () => client.close(),
  }
}

export function openUnixChannel(path: string): HubChannel {
  const client = new Client(`unix:${path}`, credentials.createInsecure(), {
    ...OPTIONS,
    'grpc.default_authority': 'localhost',
  })
  return {
    client,
    where: path,
    explain: (cause, signal) => explainSocketFailure(path, cause, signal),
    // So gRPC says it where there was none.
    mayHaveReached: (cause) => !messageOf(cause).includes('No connection established'),
    close: () => client.close(),
  }
}

/** A target for which grpc-js has nothing to guess (its naming schemes: `dns`, `ipv4`, `ipv6`). */
function target(address: HubAddress): string {
  const scheme = isIPv4(address.host) ? 'ipv4' : isIPv6(address.host) ? 'ipv6' : 'dns'
  return `${scheme}:${formatAddress(address)}`
}
