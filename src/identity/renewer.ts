/** Joining and renewing a bot: see exchange.ts. */
import type { CertificateRequest, IdentityHub, IssuedIdentity } from '../client/identity-hub.ts'
import { publicKeyFrom } from '../ssh/public-key.ts'
import { acceptIssued } from './accept.ts'
import { type Exchange, joinWith, renewFrom } from './exchange.ts'
import { credentialOf, drawKeys, type Identity, type IdentityKeys } from './identity.ts'
import type { BotToken, IdentityParameters } from './parameters.ts'
import type { StateDirectory } from './state.ts'

export interface Renewer {
  readonly hub: IdentityHub
  readonly parameters: IdentityParameters
  readonly state: StateDirectory
  readonly signal: AbortSignal | undefined
  /**
   * Throws where the answer to a renewal had better not been given: it is then as good as lost, and the
   * same keys are asked for again.
   */
  readonly requireUsable?: ((next: Identity) => void) | undefined
}

/** @returns an identity that is in the state directory. @throws HubError, IdentityError */
export function join(renewer: Renewer, token: BotToken): Promise<Identity> {
  const exchange: Exchange<IdentityKeys, Identity> = {
    state: renewer.state,
    draw: drawKeys,
    ask: (keys) => askToJoin(renewer, token, keys),
  }
  return joinWith(exchange, token.id)
}

/**
 * @param replaceSshKey whether the next certificate shall be for a new SSH key
 * @returns an identity that is in the state directory
 * @throws HubError, IdentityError
 */
export function renewOnce(
  renewer: Renewer,
  identity: Identity,
  replaceSshKey: boolean,
): Promise<Identity> {
  const exchange: Exchange<IdentityKeys, Identity> = {
    state: renewer.state,
    draw: () => ({ ...drawKeys(), ...(!replaceSshKey && { sshKey: identity.sshKey }) }),
    ask: (keys) => askToRenew(renewer, identity, keys),
  }
  return renewFrom(exchange, identity)
}

async function askToRenew(
  { hub, parameters, signal, requireUsable }: Renewer,
  previous: Identity,
  keys: IdentityKeys,
): Promise<Identity> {
  const address = parameters.authServer
  const issued = await hub.renew(credentialOf(previous), requestFor(keys, parameters), {
    address,
    trust: parameters.trust ?? { kind: 'tls-ca', certificates: previous.tlsCas },
    signal,
  })
  const { tokenId } = previous
  const next = acceptIssued(issued, { ...keys, tokenId, hub: address, previous })
  requireUsable?.(next)
  return next
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

function requestFor(keys: IdentityKeys, parameters: IdentityParameters): CertificateRequest {
  return {
    identityKey: keys.identityKey,
    sshPublicKey: publicKeyFrom(keys.sshKey).blob,
    certificateTtlMs: parameters.certificateTtlMs,
    renewalIntervalMs: parameters.renewalIntervalMs,
    oneShot: parameters.oneShot,
  }
}
