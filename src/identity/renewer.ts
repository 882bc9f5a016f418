/**
 * Joining and renewing, in the one order that survives a crash anywhere: keys durable, call, answer
 * durable. What is pending from before a crash decides which keys the hub is asked to certify.
 */
import type { CertificateRequest, IdentityHub, IssuedIdentity } from '../client/identity-hub.ts'
import { publicKeyFrom } from '../ssh/public-key.ts'
import { spkiOfPrivateKey } from '../x509/public-key.ts'
import { acceptIssued } from './accept.ts'
import { credentialOf, drawKey, hasSameKeys, type Identity, type IdentityKeys } from './identity.ts'
import type { BotToken, IdentityParameters } from './parameters.ts'
import type { PendingJoin, PendingRenewal } from './pending-file.ts'
import type { StateDirectory } from './state.ts'

export interface Renewer {
  readonly hub: IdentityHub
  readonly parameters: IdentityParameters
  readonly state: StateDirectory
  readonly signal: AbortSignal | undefined
}

/**
 * Joins, with the keys of an earlier try of the same token where there was one.
 *
 * @returns an identity that is in the state directory
 * @throws HubError, IdentityError
 */
export async function join(renewer: Renewer, token: BotToken): Promise<Identity> {
  const { state } = renewer
  const before = await state.readPendingJoin()
  const pending = joinKeys(before, token.id)
  if (pending !== before) await state.writePending(pending)
  const identity = await askToJoin(renewer, token, pending)
  await state.writeIdentity(identity)
  return identity
}

/**
 * Renews once, with the keys of an earlier try of the same generation where there was one.
 *
 * @param replaceSshKey whether the next certificate shall be for a new SSH key
 * @returns an identity that is in the state directory
 * @throws HubError, IdentityError
 */
export async function renewOnce(
  renewer: Renewer,
  identity: Identity,
  replaceSshKey: boolean,
): Promise<Identity> {
  const { hub, parameters, state, signal } = renewer
  const before = await state.readPendingRenewal()
  const pending = renewalKeys(before, identity, replaceSshKey)
  if (pending !== before) await state.writePending(pending)
  const issued = await hub.renew(credentialOf(identity), requestFor(pending, parameters), {
    address: parameters.authServer,
    trust: parameters.trust ?? { kind: 'tls-ca', certificates: identity.tlsCas },
    signal,
  })
  const { tokenId } = identity
  const next = acceptIssued(issued, {
    ...pending,
    tokenId,
    hub: parameters.authServer,
    previous: identity,
  })
  await state.writeIdentity(next)
  return next
}

/** Drops the pending keys that have become an identity's, or are of no more use. */
export async function dropAnswered(state: StateDirectory, identity: Identity): Promise<void> {
  const joining = await state.readPendingJoin()
  if (joining !== undefined && hasSameKeys(joining, identity)) await state.dropPending('join')
  const renewal = await state.readPendingRenewal()
  if (renewal !== undefined && !isUnanswered(renewal, identity)) await state.dropPending('renewal')
}

function isUnanswered(pending: PendingRenewal, { instanceId, generation }: Identity): boolean {
  return pending.instanceId === instanceId && pending.generation === generation
}

/** One join with given keys; nothing is written. @throws HubError, IdentityError `bad-issue` */
export async function askToJoin(
  { hub, parameters, signal }: Pick<Renewer, 'hub' | 'parameters' | 'signal'>,
  token: BotToken,
  keys: IdentityKeys,
): Promise<Identity> {
  const address = parameters.authServer
  const issued: IssuedIdentity = await hub.join(token.text, requestFor(keys, parameters), {
    address,
    trust: token.trust,
    signal,
  })
  return acceptIssued(issued, { ...keys, tokenId: token.id, hub: address, previous: undefined })
}

/** The keys to join with: those that the hub may know under this token, or new ones. */
export function joinKeys(before: PendingJoin | undefined, tokenId: string): PendingJoin {
  if (before?.tokenId === tokenId) return before
  return { purpose: 'join', tokenId, identityKey: drawKey(), sshKey: drawKey() }
}

/** The keys to renew with: those that the hub may have certified for this generation, or new ones. */
export function renewalKeys(
  before: PendingRenewal | undefined,
  identity: Identity,
  replaceSshKey: boolean,
): PendingRenewal {
  if (before !== undefined && isUnanswered(before, identity)) return before
  const { instanceId, generation } = identity
  return {
    purpose: 'renewal',
    instanceId,
    generation,
    identityKey: drawKey(),
    sshKey: replaceSshKey ? drawKey() : identity.sshKey,
  }
}

function requestFor(keys: IdentityKeys, parameters: IdentityParameters): CertificateRequest {
  return {
    identityPublicKey: spkiOfPrivateKey(keys.identityKey),
    sshPublicKey: publicKeyFrom(keys.sshKey).blob,
    certificateTtlMs: parameters.certificateTtlMs,
    renewalIntervalMs: parameters.renewalIntervalMs,
  }
}
