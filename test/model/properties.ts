/** What must hold, whatever happens. */
import { decideGeneration } from '../../src/auth/generation.ts'
import { type Identity, lineageOf } from './daemon.ts'
import { certificateOf } from './daemon-moves.ts'
import type { Handled } from './hub.ts'
import {
  type Certificate,
  type HubState,
  isLocked,
  type Known,
  type Newest,
  newestOf,
  type Renewal,
  type Reply,
  type Request,
} from './hub-state.ts'
import type { Flight, World } from './world.ts'

/**
 * - `honest-locked`: nobody has copied anything, and the hub locks all the same
 * - `not-admitted`: a lineage is served that is locked, expired or removed
 * - `old-key`: the daemon renews to the key that it has, so that a copy of it would pass for a retry
 * - `double-use`: both owner and thief have renewed from the same credential, and go on
 * - `not-locked`: a second use was refused, and nothing was locked
 * - `unproven-key`: by naming an identity key of the owner's, the thief got an output certificate
 * - `displaced`: a node that is not from the backup lost its place to one that the store had forgotten
 * - `token-twice`: a one-time token made two instances
 * - `wrong-pair`: what is published isn't the pair that the daemon has
 * - `stuck`: with no more faults, and whatever an operator must do, there is no valid pair
 */
export type Property =
  | 'honest-locked'
  | 'not-admitted'
  | 'old-key'
  | 'double-use'
  | 'not-locked'
  | 'unproven-key'
  | 'displaced'
  | 'token-twice'
  | 'wrong-pair'
  | 'stuck'

export class Violation extends Error {
  readonly property: Property
  readonly detail: string

  constructor(property: Property, detail: string) {
    super(`${property}: ${detail}`)
    this.property = property
    this.detail = detail
  }
}

/** Of a request that the hub has decided. */
export function checkHandled(world: World, flight: Flight, { hub, reply }: Handled): void {
  const { from, request } = flight
  const { isCopied, joins } = world.history
  const locked = hub.newest
    .filter(({ lineage, lockedAt }) => lockedAt !== undefined && !isLocked(world.hub, lineage))
    .map(({ lineage }) => lineage)
  const isOwners = (it: number) =>
    joins.some(({ lineage, from }) => lineage === it && from === 'daemon')
  if (!isCopied && locked.some(isOwners)) {
    throw new Violation('honest-locked', `${from} ${sayCode(reply)}`)
  }
  if (reply.kind === 'issued') {
    checkAdmitted(world, request, hub, reply.certificate)
    if (request.kind === 'renew') {
      checkPlace(world, request.by)
      const isOld = from === 'daemon' && request.key === request.by.key
      if (isOld) throw new Violation('old-key', `k${request.key}`)
    }
    checkFirstUse(world, flight, reply.certificate)
  } else if (request.kind === 'renew') {
    checkRefused(world, flight, request, reply.code, locked)
  }
}

/** Whether the other one has renewed this lineage, to a key that this one doesn't hold. */
function isOthers({ history }: World, from: Flight['from'], lineage: number): boolean {
  const { ownerAlone, thiefAlone } = history
  const [own, other] = from === 'daemon' ? [ownerAlone, thiefAlone] : [thiefAlone, ownerAlone]
  return other.includes(lineage) && !own.includes(lineage)
}

/** From one generation one party goes on. */
function checkFirstUse(world: World, { from, request }: Flight, { lineage }: Certificate): void {
  const stored = newestOf(world.hub, lineage)
  if (!isOthers(world, from, lineage) || stored === undefined || !request.proves) return
  // After a restore one of them may be ahead of the store that the other has renewed at.
  const isAhead = request.kind === 'renew' && request.by.generation > stored.generation
  if (world.history.restores > 0 && isAhead) return
  throw new Violation('double-use', `${from} has renewed too`)
}

/** Whoever comes second is not only refused. */
function checkRefused(
  world: World,
  { from, before }: Flight,
  request: Renewal,
  code: string,
  locked: readonly number[],
): void {
  const { lineage } = request.by
  const stored = newestOf(world.hub, lineage)
  if (!isOthers(world, from, lineage) || stored === undefined) return
  const isExcused =
    stored.lockedAt !== undefined ||
    !request.proves ||
    code === 'identity-expired' ||
    isFirstUse(request, before)
  if (!isExcused && !locked.includes(lineage)) {
    throw new Violation('not-locked', `${from} was refused: ${code}`)
  }
}

/** Whether it was no second use when its connection was accepted: since then it may have been overtaken. */
function isFirstUse({ by, key, ssh }: Renewal, before: Known | undefined): boolean {
  if (before === undefined || before === 'nothing') return true
  if (by.generation >= before.generation) {
    return by.generation > before.generation || by.key === before.key
  }
  const isRepeated = key === before.key && ssh === before.ssh
  return isRepeated && by.generation === before.generation - 1 && by.key === before.previous
}

/** Nobody is served who is locked or removed, and who has expired only once by each leave. */
function checkAdmitted(world: World, request: Request, after: HubState, issued: Certificate): void {
  const stored = newestOf(world.hub, issued.lineage)
  const isLocked = stored?.lockedAt !== undefined && world.history.unlocks === 0
  if (isLocked) throw new Violation('not-admitted', 'it is locked')
  if (request.kind === 'join') return
  if (world.hub.removed.includes(issued.lineage))
    throw new Violation('not-admitted', 'it is removed')
  if (request.by.epoch === world.epoch) return
  const isRepeated = stored?.generation === issued.generation
  const mayRenew = stored?.leave === 'open' || (stored?.leave === 'used' && isRepeated)
  if (!mayRenew) throw new Violation('not-admitted', 'it has expired')
  const isUsed = newestOf(after, issued.lineage)?.leave === 'used'
  if (!isUsed) throw new Violation('not-admitted', 'its leave is still good')
}

/** A restored store may know the node that another one had replaced; that other one may come back. */
function checkPlace({ hub }: World, by: Certificate): void {
  const [before] = hub.newest
  const [takenAt = -1] = hub.restores.map((each) => each.takenAt).toReversed()
  if (before === undefined || before.lineage === by.lineage) return
  const isKnown = newestOf(hub, by.lineage) !== undefined
  if (!isKnown && before.joinedAt > takenAt) throw new Violation('displaced', 'a node')
}

/** Of a request of the thief's. */
export function checkStolen({ request, holdsSsh }: Flight, reply: Reply): void {
  if (reply.kind === 'issued' && !request.proves && holdsSsh) {
    throw new Violation('unproven-key', 'an output certificate, beside an identity of the owner’s')
  }
}

/** Of every world. */
export function checkWorld(world: World, decide: typeof decideGeneration = decideGeneration): void {
  const { history, process, published, disk } = world
  const tokens = history.joins.map(({ token }) => token)
  for (const token of new Set(tokens)) {
    const uses = tokens.filter((each) => each === token).length
    if (uses > 1 + history.filesPutBack) throw new Violation('token-twice', `token ${token}`)
  }
  for (const lineage of history.ownerAlone) {
    if (!history.thiefAlone.includes(lineage)) continue
    if (history.restores === 0) throw new Violation('double-use', 'both have renewed')
    const newest = newestOf(world.hub, lineage)
    const isOf = (it: Certificate) => it.lineage === lineage
    const canRenew = (it: Certificate) =>
      newest !== undefined &&
      (it.epoch === world.epoch || newest.leave === 'open') &&
      isUsable(newest, it, decide)
    const [owners, thiefs] = [
      [disk.identity, process?.identity].filter((it) => it !== undefined).map(certificateOf),
      world.thief.certificates,
    ]
    if (owners.filter(isOf).some(canRenew) && thiefs.filter(isOf).some(canRenew)) {
      throw new Violation('double-use', 'both have renewed since the restore, and can go on')
    }
  }
  if (process?.isPublished && process.running === undefined) {
    if (!isSame(published, process.identity) || !isSame(published, disk.identity)) {
      throw new Violation('wrong-pair', 'published, kept and known differ')
    }
  }
}

/** Whether the bearer can have a key of his own certified next. */
function isUsable(newest: Newest, by: Certificate, decide: typeof decideGeneration): boolean {
  if (newest.lockedAt !== undefined) return false
  const bytes = (symbol: number) => Buffer.of(symbol)
  const decision = decide(
    {
      generation: BigInt(newest.generation),
      keyFingerprint: bytes(newest.key),
      previousKeyFingerprint: newest.previous === undefined ? undefined : bytes(newest.previous),
      sshKeyFingerprint: bytes(newest.ssh),
    },
    {
      generation: BigInt(by.generation),
      keyFingerprint: bytes(by.key),
      nextKeyFingerprint: Buffer.from('own'),
      nextSshKeyFingerprint: Buffer.from('own'),
    },
  )
  return decision.action === 'advance' || decision.action === 'recover'
}

function isSame(a: Identity | undefined, b: Identity | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return (
    lineageOf(a) === lineageOf(b) &&
    a.generation === b.generation &&
    a.key === b.key &&
    a.ssh === b.ssh
  )
}

function sayCode(reply: Reply): string {
  return reply.kind === 'issued' ? 'was served' : `was refused: ${reply.code}`
}
