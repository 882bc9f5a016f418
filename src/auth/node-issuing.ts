/** Issues the two certificates of one generation of a node: its identity, and sshd's host one. */
import { SECOND } from '../base/clock.ts'
import { issueCertificate } from '../ssh/issue-certificate.ts'
import { requireCaValid } from './authorities.ts'
import type { Caller } from './caller.ts'
import { issueClient } from './client-certificate.ts'
import type { AuthContext } from './context.ts'
import { newSerial, type TrustBundle, trustBundle } from './issuing.ts'
import { BACKDATE, NODE_LIFE } from './lives.ts'
import type { CheckedNodeRequest } from './node-request.ts'
import type { NodeRecord } from './records.ts'

/** What a node's join or renewal returns. */
export interface IssuedNode {
  readonly name: string
  readonly instanceId: string
  readonly generation: bigint
  /** X.509, DER. */
  readonly identityCertificate: Buffer
  /** SSH, in its wire encoding. */
  readonly hostCertificate: Buffer
  readonly serial: bigint
  readonly hostCertificateExpiresAt: number
  readonly identityExpiresAt: number
  readonly trust: TrustBundle
  readonly hubTime: number
}

type NodeGeneration = Pick<NodeRecord, 'name' | 'hosts' | 'instanceId' | 'generation'>

export function issueNode(
  context: AuthContext,
  { name, hosts, instanceId, generation }: NodeGeneration,
  request: CheckedNodeRequest,
): IssuedNode {
  const { store, clock, random, authorities } = context
  const now = clock.now()
  requireCaValid(authorities.tls, now)
  const serial = newSerial(random)
  const hostCertificate = issueCertificate(
    {
      publicKey: request.hostKey,
      type: 'host',
      serial,
      keyId: `node/${name}/instance/${instanceId}/generation/${generation}`,
      validPrincipals: [...new Set([name, ...hosts])],
      validAfter: BigInt(Math.floor((now - BACKDATE) / SECOND)),
      validBefore: BigInt(Math.floor((now + NODE_LIFE) / SECOND)),
      criticalOptions: [],
      extensions: [],
    },
    authorities.host,
    random.bytes(32),
  )
  const identityExpiresAt = Math.min(
    now + NODE_LIFE,
    authorities.tls.certificate.validity.notAfterMs,
  )
  const identity = issueClient(
    {
      spki: request.identityPublicKey,
      serial: random.bytes(16),
      validity: { notBeforeMs: now - BACKDATE, notAfterMs: identityExpiresAt },
      identity: { kind: 'node', clusterId: store.clusterId, name, instanceId, generation },
    },
    authorities.tls,
  )
  return {
    name,
    instanceId,
    generation,
    identityCertificate: identity.der,
    hostCertificate: hostCertificate.blob,
    serial,
    hostCertificateExpiresAt: now + NODE_LIFE,
    identityExpiresAt,
    trust: trustBundle(context),
    hubTime: now,
  }
}

/** What every issue leaves behind in the node's record. */
export function nodeSeen(caller: Caller, issued: IssuedNode, { node }: CheckedNodeRequest) {
  return {
    port: node.port,
    lastSeenAt: issued.hubTime,
    identityExpiresAt: issued.identityExpiresAt,
    hostCertificateSerial: issued.serial,
    hostCertificateExpiresAt: issued.hostCertificateExpiresAt,
    clientVersion: node.clientVersion,
    sshdVersion: node.sshdVersion,
    address: caller.address,
  } satisfies Partial<NodeRecord>
}

/** What every issue leaves behind in the audit log. */
export function aboutNodeIssue<Fields extends object>(issued: IssuedNode, fields: Fields) {
  return {
    instanceId: issued.instanceId,
    fields: {
      node: issued.name,
      generation: String(issued.generation),
      serial: String(issued.serial),
      ...fields,
    },
  }
}
