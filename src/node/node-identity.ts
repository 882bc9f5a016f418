/** The newest generation of a node: its identity certificate, and the one of sshd's host key. */
import type { KeyObject } from 'node:crypto'
import { SECOND } from '../base/clock.ts'
import type { ClientCredential, HubAddress } from '../client/identity-hub.ts'
import type { NodeTrust } from '../client/node-hub.ts'
import { isSamePrivateKey } from '../identity/identity.ts'
import { type SshCertificate, verifyCertificate } from '../ssh/certificate.ts'
import { isSameKey, parsePublicKey, type SshPublicKey } from '../ssh/public-key.ts'
import { parseCa } from '../x509/authority.ts'
import { readPeerIdentity } from '../x509/peer-identity.ts'
import { spkiOfPrivateKey } from '../x509/public-key.ts'

/** The identity key is ECDSA P-256, and new at every renewal; the host key is sshd's own. */
export interface NodeKeys {
  readonly identityKey: KeyObject
  readonly hostKey: SshPublicKey
}

export interface NodeIdentity extends NodeKeys {
  /** Where it was issued. */
  readonly hub: HubAddress
  /** The public name of the token that it joined with; lower-case hexadecimal. */
  readonly tokenId: string
  readonly name: string
  readonly instanceId: string
  readonly generation: bigint
  /** The hub's time of the issue; milliseconds since the epoch. */
  readonly issuedAt: number
  /** X.509, DER. */
  readonly identityCertificate: Buffer
  readonly hostCertificate: SshCertificate
  readonly trust: NodeTrust
}

export function credentialOf(identity: NodeIdentity): ClientCredential {
  return { certificate: identity.identityCertificate, privateKey: identity.identityKey }
}

export function hasSameIdentityKey(a: NodeKeys, b: NodeKeys): boolean {
  return isSamePrivateKey(a.identityKey, b.identityKey)
}

/** When the identity certificate ends, on the hub's clock. */
export function identityEndsAt({ identityCertificate }: NodeIdentity): number {
  return readPeerIdentity(identityCertificate).validity.notAfterMs
}

/** When the host certificate ends, on the hub's clock. */
export function hostCertificateEndsAt({ hostCertificate }: NodeIdentity): number {
  return Number(hostCertificate.validBefore) * SECOND
}

/** The User CAs, read; what can't be read isn't among them. */
export function userCasOf({ userCas }: NodeTrust): readonly SshPublicKey[] {
  return userCas.map(parsePublicKey)
}

/** What in an identity does not belong together, or undefined when all does. */
export function contradiction(identity: NodeIdentity): string | undefined {
  const peer = readPeerIdentity(identity.identityCertificate)
  const said = peer.identity
  if (said.kind !== 'node') return `its identity certificate is that of a ${said.kind}`
  if (said.clusterId !== identity.trust.clusterId) {
    return 'its identity certificate names another cluster'
  }
  if (said.name !== identity.name || said.instanceId !== identity.instanceId) {
    return 'its identity certificate names another node'
  }
  if (said.generation !== identity.generation) {
    return 'its identity certificate is of another generation'
  }
  if (!peer.spki.equals(spkiOfPrivateKey(identity.identityKey))) {
    return 'its identity certificate is for another key'
  }
  const { type, publicKey, validPrincipals } = identity.hostCertificate
  if (type !== 'host') return "its SSH certificate is not a host's"
  if (validPrincipals.length === 0) return 'its host certificate is for any host'
  return isSameKey(publicKey, identity.hostKey)
    ? undefined
    : 'its host certificate is for another key'
}

/** Proves that the cluster's CAs have signed both certificates. @throws Error of another layer */
export function verifyNodeIdentity(identity: NodeIdentity): void {
  const { trust, hostCertificate } = identity
  const hostCa = trust.hostCas
    .map(parsePublicKey)
    .find((key) => isSameKey(key, hostCertificate.signatureKey))
  if (hostCa === undefined) throw new Error('no Host CA of the cluster signed its host certificate')
  verifyCertificate(hostCertificate, hostCa)
  if (trust.userCas.map(parsePublicKey).length === 0) throw new Error('it names no User CA')
  if (trust.tlsCas.map(parseCa).length === 0) throw new Error('it names no TLS CA')
}
