/**
 * Liveness: from any world in which nobody but the owner has had the credential, once nothing more goes
 * wrong, the daemon comes to have a valid pair and to renew it. Nothing is left to choose then but
 * whether what is still under way arrives.
 */
import { lineageOf } from './daemon.ts'
import { daemonMoves, startDaemon } from './daemon-moves.ts'
import { type Actors, answer, handle } from './hub-moves.ts'
import { newestOf } from './hub-state.ts'
import { giveToken } from './operator-moves.ts'
import { Violation } from './properties.ts'
import type { World } from './world.ts'

/** What an operator has to do. */
type Help = 'unlock' | 'readmission' | 'new-token'

const STEPS = 100

/**
 * @param lateArrives whether requests that nobody waits for any more still reach the hub, before all else
 * @throws Violation `stuck`, or what is found on the way
 */
export async function calmDown(actors: Actors, start: World, lateArrives: boolean): Promise<void> {
  try {
    await comeToRest(actors, start, lateArrives)
  } catch (error) {
    if (!(error instanceof Violation)) throw error
    const how = lateArrives ? ', once all that is late has arrived' : ''
    throw new Violation(error.property, `${error.detail}, with no more faults from here on${how}`)
  }
}

async function comeToRest(actors: Actors, start: World, lateArrives: boolean): Promise<void> {
  let world = await settle(actors, start, lateArrives)
  const given = new Set<Help>()
  let refusals = 0
  let isIssued = false
  const isAtRest = (it: World) =>
    it.process?.isPublished === true && it.process.running === undefined && isNewest(it)
  for (let step = 0; step < STEPS; step++) {
    isIssued ||= world.call?.reply?.kind === 'issued'
    if (isIssued && isAtRest(world)) return
    const reply = world.call?.reply
    if (reply?.kind === 'refused' && ++refusals > 2) {
      const help = helpFor(world, reply.code)
      if (!mayNeed(actors, world, help)) {
        throw new Violation('stuck', `the hub says ${reply.code}, though nothing has called for it`)
      }
      if (given.has(help)) throw new Violation('stuck', `the hub still says ${reply.code}`)
      given.add(help)
      world = helped(actors, world, help)
      refusals = 0
    }
    world = await next(actors, world)
  }
  throw new Violation('stuck', `no valid pair after ${STEPS} steps`)
}

function helpFor({ hub, process }: World, code: string): Help {
  if (hub.newest.some(({ lockedAt }) => lockedAt !== undefined)) return 'unlock'
  // A restored store may not know whom to readmit.
  const isKnown = process?.identity && newestOf(hub, lineageOf(process.identity)) !== undefined
  return code === 'identity-expired' && isKnown ? 'readmission' : 'new-token'
}

/** What has happened that an operator has to put right. */
function mayNeed({ hub }: Actors, world: World, help: Help): boolean {
  const { history, epoch, disk } = world
  switch (help) {
    case 'unlock':
      return history.locks > 0
    case 'readmission': {
      const isUsed = world.hub.newest.some(({ leave }) => leave === 'used')
      return epoch > (isUsed ? 1 : 0)
    }
    case 'new-token': {
      if (history.restores === 0) return false
      // Of files that are put back the hub knows nothing: a node that isn't there any more passes for
      // one that was removed, and a bot's own token may have ended, or not have been made yet.
      const isTokenGood = world.hub.tokens.some(
        ({ token, state }) => token === world.token && state !== 'ended',
      )
      const isForgotten = history.filesPutBack > 0 && (hub.kind === 'node' || !isTokenGood)
      const isJoining =
        disk.identity === undefined || (disk.join && disk.join.tokenId !== disk.identity.tokenId)
      return epoch > 0 || isJoining === true || isForgotten
    }
  }
}

function helped({ hub }: Actors, world: World, help: Help): World {
  switch (help) {
    case 'unlock':
      return { ...world, hub: hub.unlock(world.hub) }
    case 'readmission':
      return { ...world, hub: hub.readmit(world.hub) }
    case 'new-token':
      return giveToken(hub, world)
  }
}

async function settle(actors: Actors, start: World, lateArrives: boolean): Promise<World> {
  let world = { ...start, late: [] }
  if (lateArrives) {
    for (const flight of start.late)
      world = { ...(await handle(actors, world, flight)).world, late: [] }
  }
  return world
}

/** The one thing that happens. */
async function next(actors: Actors, world: World): Promise<World> {
  const { code } = actors
  const { process, call } = world
  if (process === undefined) return startDaemon(code, world)
  if (call?.reply) return answer(actors, world, call.reply)
  if (call) {
    const { world: after, reply } = await handle(actors, world, call)
    return { ...after, call: { ...call, reply } }
  }
  const good = {
    ...world,
    left: { ...world.left, failures: 0, kills: 0, powerCuts: 0, newOutputKeys: 0 },
  }
  const [move] = daemonMoves(code, good, Number.POSITIVE_INFINITY)
  if (move === undefined) throw new Violation('stuck', 'the daemon does nothing')
  return move.to()
}

function isNewest({ process, hub, epoch }: World): boolean {
  const identity = process?.identity
  const newest = identity && newestOf(hub, lineageOf(identity))
  return (
    newest !== undefined &&
    newest.generation === Number(identity?.generation) &&
    newest.key === identity?.key &&
    identity.epoch === epoch
  )
}
