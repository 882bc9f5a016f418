/** The two calls of a bot's daemon on the wire. Loaded at the first of them. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import {
  type CertificateRequestSchema,
  IdentityService,
  JoinService,
} from '../gen/mezite/v1/identity_pb.js'
import { toDuration, toTimestamp } from '../rpc/times.ts'
import { type HubChannel, openTlsChannel } from './channel.ts'
import type { Attempt } from './hub-recognition.ts'
import type { CertificateRequest, ClientCredential, IssuedIdentity } from './identity-hub.ts'
import { readIssuedIdentity } from './issued-identity.ts'
import type { ServerTrust } from './server-trust.ts'
import { callUnary } from './unary-call.ts'

/** What a client says of itself, for the inventory. */
export interface ClientDescription {
  readonly version: string
  readonly hostname: string
}

export interface IdentityCall extends Attempt {
  readonly trust: ServerTrust
  readonly request: CertificateRequest
  readonly client: ClientDescription
}

/** @throws HubError */
export function callJoin(token: string, call: IdentityCall): Promise<IssuedIdentity> {
  return withChannel(call, undefined, async (channel) => {
    const request = { joinToken: token, request: certificateRequest(call) }
    const reply = await callUnary(channel, JoinService.method.join, request, call)
    return readIssuedIdentity(reply.identity)
  })
}

/** @throws HubError */
export function callRenew(
  credential: ClientCredential,
  call: IdentityCall,
): Promise<IssuedIdentity> {
  return withChannel(call, credential, async (channel) => {
    const request = { request: certificateRequest(call) }
    const reply = await callUnary(channel, IdentityService.method.renew, request, call)
    return readIssuedIdentity(reply.identity)
  })
}

/** A new connection for each call: the next one has another certificate. */
async function withChannel<Result>(
  call: IdentityCall,
  credential: ClientCredential | undefined,
  use: (channel: HubChannel) => Promise<Result>,
): Promise<Result> {
  const channel = openTlsChannel(call, call.trust, credential)
  try {
    return await use(channel)
  } finally {
    channel.close()
  }
}

function certificateRequest({
  request,
  client,
  clock,
}: IdentityCall): MessageInitShape<typeof CertificateRequestSchema> {
  const { certificateTtlMs, renewalIntervalMs } = request
  return {
    identityPublicKey: request.identityPublicKey,
    sshPublicKey: request.sshPublicKey,
    ...(certificateTtlMs !== undefined && { certificateTtl: toDuration(certificateTtlMs) }),
    ...(renewalIntervalMs !== undefined && { renewalInterval: toDuration(renewalIntervalMs) }),
    clientTime: toTimestamp(clock.now()),
    clientVersion: client.version,
    clientHost: client.hostname,
  }
}
