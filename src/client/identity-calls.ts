/** The calls of a bot's daemon on the wire. Loaded at the first of them. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import {
  type CertificateRequestSchema,
  IdentityService,
  JoinService,
} from '../gen/mezite/v1/identity_pb.js'
import { toDuration, toTimestamp } from '../rpc/times.ts'
import { proveKey } from '../x509/key-proof.ts'
import { spkiOfPrivateKey } from '../x509/public-key.ts'
import type {
  CertificateRequest,
  ClientCredential,
  IssuedIdentity,
  Surroundings,
} from './identity-hub.ts'
import { readIssuedIdentity, readSurroundings } from './issued-identity.ts'
import { callOnce, type PreparedCall, streamOnce } from './one-call.ts'

/** What a client says of itself, for the inventory. */
export interface ClientDescription {
  readonly version: string
  readonly hostname: string
}

export interface IdentityCall extends PreparedCall {
  readonly request: CertificateRequest
  readonly client: ClientDescription
}

/** @throws HubError */
export async function callJoin(token: string, call: IdentityCall): Promise<IssuedIdentity> {
  const request = { joinToken: token, request: certificateRequest(call) }
  const reply = await callOnce(call, undefined, JoinService.method.join, request)
  return readIssuedIdentity(reply.identity)
}

/** @throws HubError */
export async function callRenew(
  credential: ClientCredential,
  call: IdentityCall,
): Promise<IssuedIdentity> {
  const request = { request: certificateRequest(call) }
  const reply = await callOnce(call, credential, IdentityService.method.renew, request)
  return readIssuedIdentity(reply.identity)
}

/** @throws HubError */
export async function* watchIdentity(
  credential: ClientCredential,
  call: PreparedCall,
): AsyncGenerator<Surroundings, void, undefined> {
  const { watchIdentity } = IdentityService.method
  for await (const message of streamOnce(call, credential, watchIdentity)) {
    yield readSurroundings(message)
  }
}

/** @throws HubError */
export async function callReportTrust(
  credential: ClientCredential,
  trustDigest: Buffer,
  call: PreparedCall,
): Promise<void> {
  await callOnce(call, credential, IdentityService.method.reportTrust, { trustDigest })
}

function certificateRequest({
  request,
  client,
  clock,
}: IdentityCall): MessageInitShape<typeof CertificateRequestSchema> {
  const { certificateTtlMs, renewalIntervalMs } = request
  return {
    identityPublicKey: spkiOfPrivateKey(request.identityKey),
    keyProof: proveKey(request.identityKey, request.sshPublicKey),
    sshPublicKey: request.sshPublicKey,
    ...(certificateTtlMs !== undefined && { certificateTtl: toDuration(certificateTtlMs) }),
    ...(renewalIntervalMs !== undefined && { renewalInterval: toDuration(renewalIntervalMs) }),
    oneShot: request.oneShot ?? false,
    clientTime: toTimestamp(clock.now()),
    clientVersion: client.version,
    clientHost: client.hostname,
  }
}
