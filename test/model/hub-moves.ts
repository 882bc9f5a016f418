/** What the hub and the network may do next. */
import { HubError } from '../../src/client/identity-hub.ts'
import type { DaemonCode } from './daemon.ts'
import { identityFrom, loseCall, resume } from './daemon-moves.ts'
import type { ModelHub } from './hub.ts'
import { type Certificate, newestOf, type Reply } from './hub-state.ts'
import { checkHandled } from './properties.ts'
import { type Flight, type Move, spend, type World } from './world.ts'

export interface Actors {
  readonly hub: ModelHub
  readonly code: DaemonCode
  /** Where the story ends: renewals beyond it don't begin. */
  readonly lastGeneration: number
}

/** The hub carries out a request; what its sender learns is up to the network. */
export async function handle(
  { hub }: Actors,
  world: World,
  flight: Flight,
): Promise<{ readonly world: World; readonly reply: Reply }> {
  const { fresh, epoch, time } = world
  const { request, before } = flight
  const handled = await hub.handle({
    ...{ hub: world.hub, request, before, time, fresh: fresh.lineage, epoch },
  })
  const after = { ...world, hub: handled.hub, fresh: { ...fresh, lineage: fresh.lineage + 1 } }
  const { reply } = handled
  checkHandled(world, flight, handled)
  return { world: remember(world, after, flight, reply), reply }
}

/** Who has renewed to a key of his own, and who has joined. */
function remember(before: World, after: World, flight: Flight, reply: Reply): World {
  if (reply.kind === 'refused') return after
  const { lineage, key, generation } = reply.certificate
  const { history } = after
  const { request, from } = flight
  if (request.kind === 'join') {
    const { token } = request
    if (history.joins.some((each) => each.lineage === lineage)) return after
    return {
      ...after,
      history: { ...history, joins: [...history.joins, { token, lineage, from }] },
    }
  }
  if (newestOf(before.hub, lineage)?.generation === generation) return after
  const isShared = from === 'daemon' ? before.thief.keys.includes(key) : daemonHolds(before, key)
  if (isShared) return after
  const who = from === 'daemon' ? 'ownerAlone' : 'thiefAlone'
  const alone = new Set([...history[who], lineage])
  return { ...after, history: { ...history, [who]: [...alone] } }
}

function daemonHolds({ disk }: World, key: number): boolean {
  return [disk.identity, disk.join, disk.renewal].some((each) => each?.key === key)
}

/** The call that the daemon waits for, and requests that nobody waits for any more. */
export function hubMoves(actors: Actors, world: World): Move[] {
  const { call, late, left } = world
  const moves = call ? callMoves(actors, world, call) : []
  for (const [index, flight] of late.entries()) {
    if (flight.from === 'thief') continue
    const after = { ...world, late: late.toSpliced(index, 1) }
    moves.push({
      what: `a late request for k${flight.request.key} reaches the hub`,
      to: async () => (await handle(actors, after, flight)).world,
    })
  }
  if (left.hubCrashes > 0 && (late.length > 0 || isUnanswered(call))) {
    const what = 'the hub crashes'
    moves.push({ what, to: () => crashHub(actors, spend(world, 'hubCrashes')) })
  }
  return moves
}

/** No connection outlives the hub that accepted it. */
export function crashHub({ code }: Actors, world: World): Promise<World> {
  const alone = { ...world, late: [] }
  return isUnanswered(world.call) ? loseCall(code, alone) : Promise.resolve(alone)
}

function isUnanswered(call: World['call']): boolean {
  return call !== undefined && call.reply === undefined
}

function callMoves(actors: Actors, world: World, call: NonNullable<World['call']>): Move[] {
  const { code } = actors
  const { left } = world
  const { reply, ...flight } = call
  const moves: Move[] = []
  const lost = () => loseCall(code, spend(world, 'losses'))
  if (reply) {
    moves.push({ what: `its ${sayReply(reply)} arrives`, to: () => answer(actors, world, reply) })
    if (left.losses > 0) moves.push({ what: `its ${sayReply(reply)} is lost`, to: lost })
    return moves
  }
  const asked = async (after: World): Promise<World> => {
    const handled = await handle(actors, after, call)
    return { ...handled.world, call: { ...call, reply: handled.reply } }
  }
  moves.push({ what: 'the hub decides', to: () => asked(world) })
  if (left.losses > 0) moves.push({ what: 'the request is lost', to: lost })
  if (left.delays > 0) {
    const after = { ...spend(world, 'delays'), late: [...world.late, flight] }
    moves.push({
      what: 'the call is given up, its request is under way',
      to: () => loseCall(code, after),
    })
    moves.push({ what: 'the hub decides, and the request will come again', to: () => asked(after) })
  }
  return moves
}

export function answer({ code }: Actors, world: World, reply: Reply): Promise<World> {
  if (reply.kind === 'refused') {
    return resume(code, world, { done: false, error: refusal(reply.code) })
  }
  const effect = world.process?.running?.effect
  const previous = effect?.kind === 'ask' ? effect.previous : undefined
  const token = world.process?.token ?? world.token
  const identity = identityFrom(reply.certificate, token)
  const tokenId = previous?.tokenId ?? identity.tokenId
  return resume(code, world, { done: true, identity: { ...identity, tokenId } })
}

const REFUSALS = new Map<string, HubError>()

/** The hub's refusal, as the daemon is told it. */
function refusal(hubCode: string): HubError {
  const made = REFUSALS.get(hubCode) ?? new HubError('refused', hubCode, { hubCode })
  REFUSALS.set(hubCode, made)
  return made
}

function sayReply(reply: Reply): string {
  return reply.kind === 'issued'
    ? `certificate ${say(reply.certificate)}`
    : `refusal (${reply.code})`
}

export function say({ lineage, generation, key, ssh }: Certificate): string {
  return `${lineage}.${generation} for k${key} and s${ssh}`
}
