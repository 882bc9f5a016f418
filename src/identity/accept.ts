/** The hub's answer is checked before anything rests on it. */
import { messageOf } from '../base/errors.ts'
import type { HubAddress, IssuedIdentity } from '../client/identity-hub.ts'
import { parseCertificate, verifyCertificate } from '../ssh/certificate.ts'
import { isSameKey, parsePublicKey } from '../ssh/public-key.ts'
import { parseCa } from '../x509/authority.ts'
import { verifyIssuedBy } from '../x509/verify.ts'
import { IdentityError } from './errors.ts'
import { discontinuity } from './exchange.ts'
import {
  certificateEndsAt,
  contradiction,
  type Identity,
  type IdentityKeys,
  isSamePrivateKey,
} from './identity.ts'

/** What the hub was asked for. */
export interface Question extends IdentityKeys {
  readonly hub: HubAddress
  readonly tokenId: string
  /** The identity that was renewed; undefined at a join. */
  readonly previous: Identity | undefined
}

/**
 * The identity that the hub issued, if it is the one that was asked for: certified by the cluster's
 * CAs, for our keys, one generation or more ahead of the one before, of the same instance.
 *
 * @throws IdentityError `bad-issue`
 */
export function acceptIssued(issued: IssuedIdentity, question: Question): Identity {
  try {
    const identity = read(issued, question)
    const wrong = contradiction(identity) ?? otherIdentity(identity, question.previous)
    if (wrong !== undefined) throw new Error(wrong)
    verify(identity)
    return identity
  } catch (cause) {
    throw new IdentityError('bad-issue', `the hub issued a useless identity: ${messageOf(cause)}`, {
      hint: "see the hub's log; mezd asks again for the same keys",
      cause,
    })
  }
}

function read(issued: IssuedIdentity, question: Question): Identity {
  const { identityKey, sshKey, previous } = question
  const keepsKey = previous !== undefined && isSamePrivateKey(previous.sshKey, sshKey)
  return {
    hub: question.hub,
    tokenId: question.tokenId,
    clusterId: issued.clusterId,
    bot: issued.bot,
    instanceId: issued.instanceId,
    generation: issued.generation,
    issuedAt: issued.hubTime,
    suggestedRenewalAt: issued.suggestedRenewalAt,
    identityKey,
    identityCertificate: issued.identityCertificate,
    sshKey,
    sshKeySince: keepsKey ? previous.sshKeySince : issued.hubTime,
    sshCertificate: parseCertificate(issued.sshCertificate),
    tlsCas: issued.tlsCas,
    userCas: issued.userCas.map(parsePublicKey),
    hostCas: issued.hostCas.map(parsePublicKey),
    nodes: issued.nodes,
  }
}

function otherIdentity(identity: Identity, previous: Identity | undefined): string | undefined {
  if (previous && (identity.clusterId !== previous.clusterId || identity.bot !== previous.bot)) {
    return 'it is of another bot'
  }
  return discontinuity(identity, previous)
}

function verify(identity: Identity): void {
  const { sshCertificate, identityCertificate, issuedAt, userCas, hostCas, tlsCas } = identity
  const userCa = userCas.find((key) => isSameKey(key, sshCertificate.signatureKey))
  if (userCa === undefined) throw new Error('no User CA of the cluster signed its SSH certificate')
  verifyCertificate(sshCertificate, userCa)
  if (certificateEndsAt(identity) <= issuedAt) throw new Error('its SSH certificate has ended')
  if (hostCas.length === 0) throw new Error('it names no Host CA')
  const tlsCa = tlsCas.map(parseCa).find((ca) => isIssuedBy(identityCertificate, ca, issuedAt))
  if (tlsCa === undefined)
    throw new Error('no TLS CA of the cluster signed its identity certificate')
}

function isIssuedBy(certificate: Buffer, ca: ReturnType<typeof parseCa>, now: number): boolean {
  try {
    verifyIssuedBy(certificate, ca, now)
    return true
  } catch {
    return false
  }
}
