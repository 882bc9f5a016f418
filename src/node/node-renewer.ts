/**
 * Joining and renewing, in the one order that survives a crash anywhere: keys durable, call, answer
 * durable, pending keys dropped. A key that the hub may have certified is asked for again, along with
 * the host key of then: others in their place would look like a second use of the credential.
 */
import type { CallOptions } from '../client/identity-hub.ts'
import type { NodeDescription, NodeHub, NodeRequest } from '../client/node-hub.ts'
import { drawKey } from '../identity/identity.ts'
import type { SshPublicKey } from '../ssh/public-key.ts'
import { spkiOfPrivateKey } from '../x509/public-key.ts'
import { acceptIssuedNode } from './node-accept.ts'
import { credentialOf, type NodeIdentity, type NodeKeys } from './node-identity.ts'
import type { NodeState, PendingNodeJoin, PendingNodeRenewal } from './node-state.ts'
import type { NodeParameters, NodeToken } from './parameters.ts'

export interface NodeRenewer {
  readonly hub: NodeHub
  readonly parameters: Pick<NodeParameters, 'authServer' | 'trust'>
  readonly state: NodeState
  readonly signal: AbortSignal
  readonly description: NodeDescription
  /** sshd's, now. */
  readonly hostKey: SshPublicKey
}

/** @returns an identity that is in the state directory. @throws HubError, NodeError, IdentityError */
export async function joinNode(renewer: NodeRenewer, token: NodeToken): Promise<NodeIdentity> {
  const { hub, state, parameters, signal, description, hostKey } = renewer
  const before = await state.readPendingJoin()
  const pending: PendingNodeJoin =
    before?.tokenId === token.id
      ? before
      : { purpose: 'join', tokenId: token.id, identityKey: drawKey(), hostKey }
  if (pending !== before) await state.writePending(pending)
  const address = parameters.authServer
  const options = { address, trust: token.trust, signal }
  const issued = await hub.joinNode(token.text, requestFor(pending, description), options)
  const { name } = description
  const asked = { hub: address, tokenId: token.id, name, previous: undefined }
  const identity = acceptIssuedNode(issued, { ...pending, ...asked })
  await state.writeIdentity(identity)
  await dropAnswered(state, identity)
  return identity
}

/** @returns an identity that is in the state directory. @throws HubError, NodeError, IdentityError */
export async function renewNode(
  renewer: NodeRenewer,
  identity: NodeIdentity,
): Promise<NodeIdentity> {
  const { hub, state, description, hostKey } = renewer
  const before = await state.readPendingRenewal()
  const pending = renewalKeys(before, identity, hostKey)
  if (pending !== before) await state.writePending(pending)
  const issued = await hub.renewNode(
    credentialOf(identity),
    requestFor(pending, description),
    callOptions(renewer, identity),
  )
  const { tokenId, name } = identity
  const asked = { hub: renewer.parameters.authServer, tokenId, name, previous: identity }
  const next = acceptIssuedNode(issued, { ...pending, ...asked })
  await state.writeIdentity(next)
  await dropAnswered(state, next)
  return next
}

/** How the hub is called with an identity. */
export function callOptions(
  { parameters, signal }: Pick<NodeRenewer, 'parameters' | 'signal'>,
  { trust }: NodeIdentity,
): CallOptions {
  return {
    address: parameters.authServer,
    trust: parameters.trust ?? { kind: 'tls-ca', certificates: trust.tlsCas },
    signal,
  }
}

/** Drops the pending keys that have become an identity's, or are of no more use. */
export async function dropAnswered(state: NodeState, identity: NodeIdentity): Promise<void> {
  const joining = await state.readPendingJoin()
  if (joining?.tokenId === identity.tokenId) await state.dropPending('join')
  const renewal = await state.readPendingRenewal()
  if (renewal !== undefined && !isUnanswered(renewal, identity)) await state.dropPending('renewal')
}

function isUnanswered(pending: PendingNodeRenewal, identity: NodeIdentity): boolean {
  const { instanceId, generation } = identity
  return pending.instanceId === instanceId && pending.generation === generation
}

function renewalKeys(
  before: PendingNodeRenewal | undefined,
  identity: NodeIdentity,
  hostKey: SshPublicKey,
): PendingNodeRenewal {
  if (before !== undefined && isUnanswered(before, identity)) return before
  const { instanceId, generation } = identity
  return { purpose: 'renewal', instanceId, generation, identityKey: drawKey(), hostKey }
}

function requestFor({ identityKey, hostKey }: NodeKeys, node: NodeDescription): NodeRequest {
  return {
    identityPublicKey: spkiOfPrivateKey(identityKey),
    hostPublicKey: hostKey.blob,
    node,
  }
}
