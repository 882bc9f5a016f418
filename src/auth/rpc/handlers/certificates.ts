/** What joins and renewals ask for, and what they return. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import type {
  CertificateRequest as CertificateRequestMessage,
  IssuedIdentitySchema,
} from '../../../gen/mezite/v1/identity_pb.js'
import { toTimestamp } from '../../../rpc/times.ts'
import { AuthError } from '../../errors.ts'
import type { CertificateRequest, IssuedIdentity } from '../../issuing.ts'
import { optionalDuration, optionalTime, publicKey, selfDescription, timeField } from './fields.ts'
import { toReachableNode, toTrust } from './trust-messages.ts'

/** @throws AuthError `invalid-request` */
export function readCertificateRequest(
  message: CertificateRequestMessage | undefined,
): CertificateRequest {
  if (!message) throw new AuthError('invalid-request', 'the call says not what to certify')
  return {
    identityPublicKey: publicKey('identity_public_key', message.identityPublicKey),
    sshPublicKey: publicKey('ssh_public_key', message.sshPublicKey),
    keyProof: Buffer.from(message.keyProof),
    certificateTtl: optionalDuration('certificate_ttl', message.certificateTtl),
    renewalInterval: optionalDuration('renewal_interval', message.renewalInterval),
    oneShot: message.oneShot,
    clientTime: optionalTime('client_time', message.clientTime),
    clientVersion: selfDescription(message.clientVersion),
    clientHost: selfDescription(message.clientHost),
  }
}

export function toIssuedIdentity(
  issued: IssuedIdentity,
): MessageInitShape<typeof IssuedIdentitySchema> {
  const { bot, instanceId, generation, identityCertificate, sshCertificate, trust } = issued
  return {
    bot,
    instanceId,
    generation,
    identityCertificate,
    sshCertificate,
    trust: toTrust(trust),
    nodes: issued.nodes.map(toReachableNode),
    ...timeField('suggestedRenewal', issued.suggestedRenewalAt),
    hubTime: toTimestamp(issued.hubTime),
  }
}
