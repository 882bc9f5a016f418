/** What a node's joins and renewals ask for, and what they return. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import type {
  IssuedNodeSchema,
  NodeCertificateRequest as RequestMessage,
} from '../../../gen/mezite/v1/node_pb.js'
import { toTimestamp } from '../../../rpc/times.ts'
import { AuthError } from '../../errors.ts'
import type { IssuedNode } from '../../node-issuing.ts'
import type { NodeCertificateRequest } from '../../node-request.ts'
import { optionalTime, publicKey, selfDescription } from './fields.ts'
import { toTrust } from './trust-messages.ts'

/** @throws AuthError `invalid-request` */
export function readNodeRequest(message: RequestMessage | undefined): NodeCertificateRequest {
  if (!message) throw new AuthError('invalid-request', 'the call says not what to certify')
  const { node } = message
  if (!node) throw new AuthError('invalid-request', 'the call says not for which node')
  return {
    identityPublicKey: publicKey('identity_public_key', message.identityPublicKey),
    hostPublicKey: publicKey('host_public_key', message.hostPublicKey),
    keyProof: Buffer.from(message.keyProof),
    node: {
      name: node.name,
      labels: node.labels,
      hosts: node.hosts,
      port: node.port,
      clientVersion: selfDescription(node.clientVersion),
      sshdVersion: selfDescription(node.sshdVersion),
    },
    clientTime: optionalTime('client_time', message.clientTime),
  }
}

export function toIssuedNode(issued: IssuedNode): MessageInitShape<typeof IssuedNodeSchema> {
  const { name, instanceId, generation, identityCertificate, hostCertificate } = issued
  return {
    name,
    instanceId,
    generation,
    identityCertificate,
    hostCertificate,
    trust: toTrust(issued.trust),
    hubTime: toTimestamp(issued.hubTime),
  }
}
