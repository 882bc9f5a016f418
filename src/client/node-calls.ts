/** The calls of a node's agent on the wire. Loaded at the first of them. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import {
  NodeAgentService,
  type NodeCertificateRequestSchema,
  NodeJoinService,
  type SessionEventSchema,
} from '../gen/mezite/v1/node_pb.js'
import { toTimestamp } from '../rpc/times.ts'
import { proveKey } from '../x509/key-proof.ts'
import { spkiOfPrivateKey } from '../x509/public-key.ts'
import type { ClientCredential } from './identity-hub.ts'
import { readIssuedNode, readNodeUpdate } from './node-answers.ts'
import type {
  IssuedNode,
  NodeRequest,
  NodeTrustReport,
  NodeUpdate,
  SessionEvent,
} from './node-hub.ts'
import { callOnce, type PreparedCall, streamOnce } from './one-call.ts'

export interface NodeCall extends PreparedCall {
  readonly request: NodeRequest
  /** The agent's. */
  readonly version: string
}

const { renewNode, watchNode, reportNodeTrust, reportSessions, leaveNode } = NodeAgentService.method

/** @throws HubError */
export async function callJoinNode(token: string, call: NodeCall): Promise<IssuedNode> {
  const request = { joinToken: token, request: certificateRequest(call) }
  const reply = await callOnce(call, undefined, NodeJoinService.method.joinNode, request)
  return readIssuedNode(reply.node)
}

/** @throws HubError */
export async function callRenewNode(
  credential: ClientCredential,
  call: NodeCall,
): Promise<IssuedNode> {
  const request = { request: certificateRequest(call) }
  return readIssuedNode((await callOnce(call, credential, renewNode, request)).node)
}

/** @throws HubError */
export async function* callWatchNode(
  credential: ClientCredential,
  to: PreparedCall,
): AsyncGenerator<NodeUpdate, void, undefined> {
  for await (const message of streamOnce(to, credential, watchNode)) yield readNodeUpdate(message)
}

/** @throws HubError */
export async function callReportNodeTrust(
  credential: ClientCredential,
  { trustDigest, hostCertificateSerial }: NodeTrustReport,
  to: PreparedCall,
): Promise<void> {
  await callOnce(to, credential, reportNodeTrust, { trustDigest, hostCertificateSerial })
}

/** @throws HubError */
export async function callReportSessions(
  credential: ClientCredential,
  events: readonly SessionEvent[],
  to: PreparedCall,
): Promise<void> {
  await callOnce(to, credential, reportSessions, { events: events.map(sessionEvent) })
}

/** @throws HubError */
export async function callLeaveNode(credential: ClientCredential, to: PreparedCall): Promise<void> {
  await callOnce(to, credential, leaveNode, {})
}

function certificateRequest({
  request,
  version,
  clock,
}: NodeCall): MessageInitShape<typeof NodeCertificateRequestSchema> {
  const { identityKey, hostPublicKey, node } = request
  return {
    identityPublicKey: spkiOfPrivateKey(identityKey),
    keyProof: proveKey(identityKey, hostPublicKey),
    hostPublicKey,
    node: {
      name: node.name,
      labels: { ...node.labels },
      hosts: [...node.hosts],
      port: node.port,
      sshdVersion: node.sshdVersion,
      clientVersion: version,
    },
    clientTime: toTimestamp(clock.now()),
  }
}

function sessionEvent(event: SessionEvent): MessageInitShape<typeof SessionEventSchema> {
  const { sessionId } = event
  const time = toTimestamp(event.time)
  if (event.kind === 'end') return { sessionId, time, ended: true, reason: event.reason }
  const { login, bot, instanceId, certificateSerial, address } = event
  return { sessionId, time, login, bot, instanceId, certificateSerial, address }
}
