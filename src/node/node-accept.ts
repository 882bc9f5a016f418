/** The hub's answer is checked before anything rests on it. */
import { messageOf } from '../base/errors.ts'
import type { HubAddress } from '../client/identity-hub.ts'
import type { IssuedNode } from '../client/node-hub.ts'
import { discontinuity } from '../identity/exchange.ts'
import { parseCertificate } from '../ssh/certificate.ts'
import { parseCa } from '../x509/authority.ts'
import { verifyIssuedBy } from '../x509/verify.ts'
import { NodeError } from './errors.ts'
import {
  contradiction,
  type NodeIdentity,
  type NodeKeys,
  verifyNodeIdentity,
} from './node-identity.ts'

/** What the hub was asked for. */
export interface NodeQuestion extends NodeKeys {
  readonly hub: HubAddress
  readonly tokenId: string
  readonly name: string
  /** The identity that was renewed; undefined at a join. */
  readonly previous: NodeIdentity | undefined
}

/** @throws NodeError `bad-issue` */
export function acceptIssuedNode(issued: IssuedNode, question: NodeQuestion): NodeIdentity {
  try {
    const { identityKey, hostKey, hub, tokenId } = question
    const { name, instanceId, generation, identityCertificate, trust, hubTime } = issued
    const identity: NodeIdentity = {
      ...{ identityKey, hostKey, hub, tokenId, name, instanceId, generation },
      ...{ identityCertificate, trust, issuedAt: hubTime },
      hostCertificate: parseCertificate(issued.hostCertificate),
    }
    const wrong = contradiction(identity) ?? otherIdentity(identity, question)
    if (wrong !== undefined) throw new Error(wrong)
    verifyNodeIdentity(identity)
    if (!trust.tlsCas.some((ca) => isIssuedBy(identity, ca))) {
      throw new Error('no TLS CA of the cluster signed its identity certificate')
    }
    return identity
  } catch (cause) {
    throw new NodeError('bad-issue', `the hub issued a useless identity: ${messageOf(cause)}`, {
      hint: "see the hub's log; mezd asks again for the same keys",
      cause,
    })
  }
}

function otherIdentity(identity: NodeIdentity, question: NodeQuestion): string | undefined {
  const { previous, name } = question
  if (identity.name !== name) return 'it is of another node'
  if (previous && identity.trust.clusterId !== previous.trust.clusterId) {
    return 'it is of another cluster'
  }
  return discontinuity(identity, previous)
}

function isIssuedBy({ identityCertificate, issuedAt }: NodeIdentity, ca: Buffer): boolean {
  try {
    verifyIssuedBy(identityCertificate, parseCa(ca), issuedAt)
    return true
  } catch {
    return false
  }
}
