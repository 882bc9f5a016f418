/**
 * The exchange of keys for certificates, by which bots and nodes join and renew. One attempt is one
 * join with a token, or one renewal of a generation. Its keys stay the same until it is answered:
 *
 * | the state directory holds | after a crash |
 * | --- | --- |
 * | nothing of this attempt | keys are drawn: no hub knows of any |
 * | its keys | they are asked for again: the hub may have certified them |
 * | the identity that answers it, and its keys | the identity is published, the keys are dropped |
 * | the identity | it is published |
 *
 * Other keys in the place of some that the hub has certified would look like a second use of the
 * credential. So each step is durable before the next begins, and keys are dropped last, by whoever
 * holds the answer. Keys that are found may not be on the disk yet, though they show: their writer may
 * have died, or met an error, between the renaming of the file and the syncing of its directory.
 */

/** What every identity tells of its place in the order of things. */
export interface Lineage {
  /** The public name of the token that it joined with. */
  readonly tokenId: string
  readonly instanceId: string
  readonly generation: bigint
}

export interface JoinAttempt {
  readonly purpose: 'join'
  /** The public name of the token that the hub is asked with. */
  readonly tokenId: string
}

export interface RenewalAttempt {
  readonly purpose: 'renewal'
  readonly instanceId: string
  /** The generation that is presented. */
  readonly generation: bigint
}

export type Attempt = JoinAttempt | RenewalAttempt

/** Where an exchange keeps what it must not lose. Every writing is durable when it resolves. */
export interface ExchangeState<Keys, Identity> {
  /** What can be read is durable when this resolves: its writing may have been cut off at the end. */
  settle(): Promise<void>
  readPendingJoin(): Promise<(JoinAttempt & Keys) | undefined>
  readPendingRenewal(): Promise<(RenewalAttempt & Keys) | undefined>
  writePending(pending: Attempt & Keys): Promise<void>
  writeIdentity(identity: Identity): Promise<void>
  dropPending(purpose: Attempt['purpose']): Promise<void>
}

/** What bots and nodes do each in their way. */
export interface Exchange<Keys, Identity> {
  readonly state: ExchangeState<Keys, Identity>
  /** New keys: the first ones, or those that follow an identity. */
  draw(previous: Identity | undefined): Keys
  /** Has the hub certify the keys; resolves to an identity that was found to be what was asked for. */
  ask(keys: Keys, previous: Identity | undefined): Promise<Identity>
}

/**
 * Joins, with the keys of an earlier try of the same token where there was one.
 *
 * @returns an identity that is in the state directory
 */
export async function joinWith<Keys, Identity extends Lineage & Keys>(
  exchange: Exchange<Keys, Identity>,
  tokenId: string,
): Promise<Identity> {
  const before = await exchange.state.readPendingJoin()
  return obtain(exchange, { purpose: 'join', tokenId }, before, undefined)
}

/**
 * Renews once, with the keys of an earlier try of the same generation where there was one.
 *
 * @returns an identity that is in the state directory
 */
export async function renewFrom<Keys, Identity extends Lineage & Keys>(
  exchange: Exchange<Keys, Identity>,
  identity: Identity,
): Promise<Identity> {
  const before = await exchange.state.readPendingRenewal()
  return obtain(exchange, renewalOf(identity), before, identity)
}

async function obtain<Keys, Identity extends Lineage & Keys>(
  { state, draw, ask }: Exchange<Keys, Identity>,
  attempt: Attempt,
  before: (Attempt & Keys) | undefined,
  previous: Identity | undefined,
): Promise<Identity> {
  const pending = keysFor(attempt, before, () => draw(previous))
  await (pending === before ? state.settle() : state.writePending(pending))
  const identity = await ask(pending, previous)
  await state.writeIdentity(identity)
  return identity
}

/** The keys of this attempt: those that the hub may know, or new ones. */
export function keysFor<Keys>(
  attempt: Attempt,
  before: (Attempt & Keys) | undefined,
  draw: () => Keys,
): Attempt & Keys {
  return before !== undefined && isSame(before, attempt) ? before : { ...draw(), ...attempt }
}

/**
 * Drops the pending keys that have become an identity's, or are of no more use; the identity is on the
 * disk before they are gone from it.
 */
export async function dropAnswered<Keys, Identity extends Lineage & Keys>(
  state: ExchangeState<Keys, Identity>,
  identity: Identity,
  hasSameKeys: (a: Keys, b: Keys) => boolean,
): Promise<void> {
  const join = await state.readPendingJoin()
  const renewal = await state.readPendingRenewal()
  const isJoinAnswered = join !== undefined && hasSameKeys(join, identity)
  const isRenewalOver = renewal !== undefined && !isSame(renewal, renewalOf(identity))
  if (isJoinAnswered || isRenewalOver) await state.settle()
  if (isJoinAnswered) await state.dropPending('join')
  if (isRenewalOver) await state.dropPending('renewal')
}

/** What of two identities shows that the one does not renew the other; undefined when it does. */
export function discontinuity(next: Lineage, previous: Lineage | undefined): string | undefined {
  if (previous === undefined) return undefined
  if (next.instanceId !== previous.instanceId) return 'it is of another instance'
  return next.generation > previous.generation ? undefined : 'its generation is not a new one'
}

/** The next attempt of an instance. */
export function renewalOf({ instanceId, generation }: Lineage): RenewalAttempt {
  return { purpose: 'renewal', instanceId, generation }
}

function isSame(a: Attempt, b: Attempt): boolean {
  if (a.purpose === 'join') return b.purpose === 'join' && a.tokenId === b.tokenId
  return b.purpose === 'renewal' && a.instanceId === b.instanceId && a.generation === b.generation
}
