/**
 * Joining and renewing a node: see the exchange in src/identity. A key that the hub may have certified
 * is asked for again along with the host key of then.
 */
import type { CallOptions } from '../client/identity-hub.ts'
import type { NodeDescription, NodeHub, NodeRequest } from '../client/node-hub.ts'
import { type Exchange, joinWith, renewFrom } from '../identity/exchange.ts'
import { drawKey } from '../identity/identity.ts'
import type { SshPublicKey } from '../ssh/public-key.ts'
import { acceptIssuedNode } from './node-accept.ts'
import { credentialOf, type NodeIdentity, type NodeKeys } from './node-identity.ts'
import type { NodeState } from './node-state.ts'
import type { NodeParameters, NodeToken } from './parameters.ts'

export interface NodeRenewer {
  readonly hub: NodeHub
  readonly parameters: Pick<NodeParameters, 'authServer' | 'trust'>
  readonly state: NodeState
  readonly signal: AbortSignal
  readonly description: NodeDescription
  /** sshd's, now. */
  readonly hostKey: SshPublicKey
  /** Throws where the answer to a renewal had better not been given: it counts as lost then. */
  readonly requireUsable?: ((next: NodeIdentity) => void) | undefined
}

/** @returns an identity that is in the state directory. @throws HubError, NodeError, IdentityError */
export function joinNode(renewer: NodeRenewer, token: NodeToken): Promise<NodeIdentity> {
  const { hub, state, parameters, signal, description } = renewer
  const address = parameters.authServer
  const exchange: Exchange<NodeKeys, NodeIdentity> = {
    state,
    draw: () => drawKeys(renewer),
    async ask(keys) {
      const options = { address, trust: token.trust, signal }
      const issued = await hub.joinNode(token.text, requestFor(keys, description), options)
      const { name } = description
      const asked = { hub: address, tokenId: token.id, name, previous: undefined }
      return acceptIssuedNode(issued, { ...keys, ...asked })
    },
  }
  return joinWith(exchange, token.id)
}

/** @returns an identity that is in the state directory. @throws HubError, NodeError, IdentityError */
export function renewNode(renewer: NodeRenewer, previous: NodeIdentity): Promise<NodeIdentity> {
  const { hub, state, parameters, description, requireUsable } = renewer
  const exchange: Exchange<NodeKeys, NodeIdentity> = {
    state,
    draw: () => drawKeys(renewer),
    async ask(keys) {
      const issued = await hub.renewNode(
        credentialOf(previous),
        requestFor(keys, description),
        callOptions(renewer, previous),
      )
      const { tokenId, name } = previous
      const asked = { hub: parameters.authServer, tokenId, name, previous }
      const next = acceptIssuedNode(issued, { ...keys, ...asked })
      requireUsable?.(next)
      return next
    },
  }
  return renewFrom(exchange, previous)
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

/** The identity key is new each time; the host key is what sshd has. */
function drawKeys({ hostKey }: NodeRenewer): NodeKeys {
  return { identityKey: drawKey(), hostKey }
}

function requestFor({ identityKey, hostKey }: NodeKeys, node: NodeDescription): NodeRequest {
  return {
    identityKey,
    hostPublicKey: hostKey.blob,
    node,
  }
}
