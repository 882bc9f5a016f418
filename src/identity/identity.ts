/**
 * One bot instance on this machine: how it joins, renews itself, survives crashes, and publishes
 * what ssh uses.
 *
 * Invariants of this folder:
 * - Keys are durable before the hub is asked to certify them, and the hub's answer is durable before
 *   it is used: pending keys -> call -> identity.json -> publication -> pending keys dropped. From
 *   any instruction on, a restart asks for the same keys again, which the hub tells from theft.
 * - An output file is never changed in place. A generation of outputs is written whole to a directory
 *   of its own, and one swap of a symbolic link publishes it.
 * - The identity key is new at every renewal. The SSH key is not: whoever opens key and certificate
 *   one after the other, as ssh does, would sometimes get one of each.
 * - Certificates are judged by the hub's clock and the monotonic one, never by this machine's date.
 * - Clock, randomness, file system and hub are arguments.
 */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { SECOND } from '../base/clock.ts'
import type { ClientCredential, HubAddress, ReachableNode } from '../client/identity-hub.ts'
import type { SshCertificate } from '../ssh/certificate.ts'
import { generatePrivateKey } from '../ssh/private-key.ts'
import { publicKeyFrom, type SshPublicKey } from '../ssh/public-key.ts'
import { readPeerIdentity } from '../x509/peer-identity.ts'
import { spkiOfPrivateKey } from '../x509/public-key.ts'

/** The two private keys of one generation, both ECDSA P-256. */
export interface IdentityKeys {
  readonly identityKey: KeyObject
  readonly sshKey: KeyObject
}

/** The newest generation of an instance, with all that it takes to use it and to renew it. */
export interface Identity extends IdentityKeys {
  /** Where it was issued. */
  readonly hub: HubAddress
  /** The public name of the token that it joined with; lower-case hexadecimal. */
  readonly tokenId: string
  readonly clusterId: string
  readonly bot: string
  readonly instanceId: string
  readonly generation: bigint
  /** The hub's time of the issue; milliseconds since the epoch, as all times here. */
  readonly issuedAt: number
  /** When the hub would like the next renewal. */
  readonly suggestedRenewalAt: number | undefined
  /** X.509, DER. */
  readonly identityCertificate: Buffer
  /** When the SSH key was certified first. */
  readonly sshKeySince: number
  readonly sshCertificate: SshCertificate
  /** X.509, DER. */
  readonly tlsCas: readonly Buffer[]
  readonly userCas: readonly SshPublicKey[]
  readonly hostCas: readonly SshPublicKey[]
  readonly nodes: readonly ReachableNode[]
}

export function drawKeys(): IdentityKeys {
  return { identityKey: drawKey(), sshKey: drawKey() }
}

export function drawKey(): KeyObject {
  return generatePrivateKey('ecdsa-sha2-nistp256')
}

export function credentialOf(identity: Identity): ClientCredential {
  return { certificate: identity.identityCertificate, privateKey: identity.identityKey }
}

/** When the output certificate ends, on the hub's clock. */
export function certificateEndsAt({ sshCertificate }: Identity): number {
  return Number(sshCertificate.validBefore) * SECOND
}

/** When the identity certificate ends, on the hub's clock. */
export function identityEndsAt({ identityCertificate }: Identity): number {
  return readPeerIdentity(identityCertificate).validity.notAfterMs
}

export function hasSameKeys(a: IdentityKeys, b: IdentityKeys): boolean {
  return isSamePrivateKey(a.identityKey, b.identityKey) && isSamePrivateKey(a.sshKey, b.sshKey)
}

export function isSamePrivateKey(a: KeyObject, b: KeyObject): boolean {
  return createPublicKey(a).equals(createPublicKey(b))
}

/** What in an identity does not belong together, or undefined when all does. */
export function contradiction(identity: Identity): string | undefined {
  const peer = readPeerIdentity(identity.identityCertificate)
  const said = peer.identity
  if (said.kind !== 'bot') return `its identity certificate is that of a ${said.kind}`
  if (said.clusterId !== identity.clusterId) return 'its identity certificate names another cluster'
  if (said.name !== identity.bot || said.instanceId !== identity.instanceId) {
    return 'its identity certificate names another bot instance'
  }
  if (said.generation !== identity.generation)
    return 'its identity certificate is of another generation'
  if (!peer.spki.equals(spkiOfPrivateKey(identity.identityKey))) {
    return 'its identity certificate is for another key'
  }
  const { publicKey, type } = identity.sshCertificate
  if (type !== 'user') return "its SSH certificate is a host's"
  return publicKey.blob.equals(publicKeyFrom(identity.sshKey).blob)
    ? undefined
    : 'its SSH certificate is for another key'
}
