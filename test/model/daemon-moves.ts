/**
 * What the daemon and its machine may do next. A step that has failed is done again as the loops of
 * src/identity and src/node do it.
 */
import { HubError } from '../../src/client/identity-hub.ts'
import { isFinalForJoin } from '../../src/identity/refusals.ts'
import {
  type DaemonCode,
  type Disk,
  type Effect,
  type Identity,
  lineageId,
  lineageOf,
  type Operation,
  type Outcome,
  type Progress,
  progressOf,
  tokenId,
} from './daemon.ts'
import { type Certificate, knownOf, type Request } from './hub-state.ts'
import { type Move, type Process, spend, type World } from './world.ts'

const LOST = new HubError('unreachable', 'no answer')
const BROKEN = new Error('the disk failed')

export function startDaemon(code: DaemonCode, world: World): Promise<World> {
  const { identity } = world.disk
  const process: Process = {
    ...{ token: world.token, identity, isPublished: false, running: undefined },
  }
  return begin(code, world, process, identity === undefined ? 'join' : 'publish')
}

async function begin(
  code: DaemonCode,
  world: World,
  process: Process,
  kind: Operation['kind'],
  replaceSsh = false,
): Promise<World> {
  const { disk, fresh } = world
  const operation: Operation = {
    ...{ kind, identity: process.identity, token: process.token, disk, replaceSsh },
    ...{ freshKey: fresh.key, freshSsh: fresh.ssh, outcomes: [] },
  }
  const after = { ...world, fresh: { ...fresh, key: fresh.key + 1, ssh: fresh.ssh + 1 } }
  return proceed(code, after, process, operation, await progressOf(code, operation))
}

/** The step that follows, until one has an effect on the world or the daemon is at rest. */
async function proceed(
  code: DaemonCode,
  world: World,
  process: Process,
  operation: Operation,
  progress: Progress,
): Promise<World> {
  const { kind } = operation
  switch (progress.at) {
    case 'effect':
      return { ...world, process: { ...process, running: { operation, effect: progress.effect } } }
    case 'end': {
      if (kind === 'publish') return begin(code, world, process, 'drop')
      const { identity } = progress
      if (kind !== 'drop')
        return begin(code, world, { ...process, identity, isPublished: false }, 'publish')
      return { ...world, process: { ...process, isPublished: true, running: undefined } }
    }
    case 'failure':
      return retry(code, world, process, kind, progress.error)
  }
}

function retry(
  code: DaemonCode,
  world: World,
  process: Process,
  kind: Operation['kind'],
  error: unknown,
): Promise<World> {
  const { identity, token } = process
  if (kind === 'publish' || kind === 'drop') return begin(code, world, process, 'publish')
  if (identity === undefined) {
    if (!isFinalForJoin(error)) return begin(code, world, process, 'join')
    return Promise.resolve({ ...world, process: undefined })
  }
  if (kind === 'join') {
    const without = isFinalForJoin(error) ? { ...process, token: undefined } : process
    return begin(code, world, without, 'renew')
  }
  const candidate = token === undefined ? undefined : { id: tokenId(token) }
  const joins = code.tokenToJoinAnew(error, identity, candidate) !== undefined
  return begin(code, world, process, joins ? 'join' : 'renew')
}

/** The effect that the daemon is suspended at has come out so. */
export async function resume(code: DaemonCode, world: World, outcome: Outcome): Promise<World> {
  const { process } = world
  if (!process?.running) throw new Error('nothing to resume')
  const { operation } = process.running
  const longer = { ...operation, outcomes: [...operation.outcomes, outcome] }
  return proceed(
    code,
    { ...world, call: undefined },
    process,
    longer,
    await progressOf(code, longer),
  )
}

/** The call gets no answer. */
export function loseCall(code: DaemonCode, world: World): Promise<World> {
  return resume(code, world, { done: false, error: LOST })
}

export function identityFrom(certificate: Certificate, token: number): Identity {
  const { lineage, generation, key, ssh, issuedAt, epoch } = certificate
  return {
    ...{ key, ssh, issuedAt, epoch, tokenId: tokenId(token) },
    ...{ instanceId: lineageId(lineage), generation: BigInt(generation) },
  }
}

export function certificateOf(identity: Identity): Certificate {
  const { key, ssh, issuedAt, epoch, generation } = identity
  const lineage = lineageOf(identity)
  return { key, ssh, issuedAt, epoch, lineage, generation: Number(generation) }
}

/** Everything that can be done with an effect of the daemon's. */
export function daemonMoves(code: DaemonCode, world: World, lastGeneration: number): Move[] {
  const { process, left } = world
  if (process === undefined) {
    return [{ what: 'the daemon starts', to: () => startDaemon(code, world) }, ...powerCuts(world)]
  }
  const moves = [...kills(world), ...powerCuts(world)]
  const { running, identity } = process
  if (running === undefined) {
    if (identity === undefined || identity.generation >= lastGeneration) return moves
    const renew = (after: World, replaceSsh: boolean) =>
      begin(code, after, process, 'renew', replaceSsh)
    moves.push({ what: 'a renewal is due', to: () => renew(world, false) })
    if (left.newOutputKeys > 0) {
      const what = 'a renewal is due, with a new output key'
      moves.push({ what, to: () => renew(spend(world, 'newOutputKeys'), true) })
    }
    return moves
  }
  const { effect } = running
  const fail = (after: World) => resume(code, after, { done: false, error: BROKEN })
  const what = describe(effect)
  if (effect.kind === 'ask') {
    if (world.call === undefined) moves.push({ what, to: async () => connect(world, effect) })
    return moves
  }
  const whole = carriedOut(world, effect)
  const durable = effect.kind === 'publish' ? whole : { ...whole, durable: whole.disk }
  moves.push({ what, to: () => resume(code, durable, { done: true }) })
  if (left.failures > 0) {
    moves.push({ what: `${what}: fails`, to: () => fail(spend(world, 'failures')) })
    moves.push({ what: `${what}: fails at the end`, to: () => fail(spend(whole, 'failures')) })
  }
  if (left.kills > 0) {
    const killed = async () => killedIn(spend(whole, 'kills'))
    moves.push({ what: `${what}: is killed at the end`, to: killed })
  }
  return moves
}

/** As it shows, not as it would survive. */
function carriedOut(world: World, effect: Exclude<Effect, { kind: 'ask' }>): World {
  switch (effect.kind) {
    case 'settle':
      return world
    case 'write':
      return { ...world, disk: { ...world.disk, ...effect.disk } }
    case 'publish':
      return { ...world, published: effect.identity }
  }
}

function connect(world: World, { keys, previous }: Extract<Effect, { kind: 'ask' }>): World {
  const operation = world.process?.running?.operation
  const token = operation?.token ?? -1
  const asked = { key: keys.key, ssh: keys.ssh, proves: true }
  const request: Request = previous
    ? { kind: 'renew', by: certificateOf(previous), ...asked }
    : { kind: 'join', token, ...asked }
  const before = previous && knownOf(world.hub, lineageOf(previous))
  return { ...world, call: { from: 'daemon', request, before, holdsSsh: true, reply: undefined } }
}

/** The process ends where it stands. Its request may be under way all the same. */
function kills(world: World): Move[] {
  if (world.left.kills === 0) return []
  return deaths(spend(world, 'kills'), 'the daemon is killed')
}

function deaths(world: World, what: string): Move[] {
  const { call, left } = world
  const moves: Move[] = [{ what, to: async () => killedIn(world) }]
  if (call && call.reply === undefined && left.delays > 0) {
    const { reply: _, ...flight } = call
    const late = [...world.late, flight]
    const after = { ...spend(world, 'delays'), late }
    moves.push({ what: `${what}, its request is under way`, to: async () => killedIn(after) })
  }
  return moves
}

function killedIn(world: World): World {
  return { ...world, process: undefined, call: undefined }
}

/** Each file that isn't on the disk yet is as before or as it showed. */
function powerCuts(world: World): Move[] {
  const { disk, durable, left } = world
  if (left.powerCuts === 0) return []
  const unsafe = (['identity', 'join', 'renewal'] as const).filter(
    (file) => disk[file] !== durable[file],
  )
  const moves: Move[] = []
  for (let kept = 0; kept < 2 ** unsafe.length; kept++) {
    const lost = unsafe.filter((_, index) => (kept & (2 ** index)) === 0)
    const survivor: Disk = {
      ...disk,
      ...Object.fromEntries(lost.map((file) => [file, durable[file]])),
    }
    const after = { ...spend(world, 'powerCuts'), disk: survivor, durable: survivor }
    moves.push(...deaths(after, `the power fails${lost.length > 0 ? `, ${lost} as before` : ''}`))
  }
  return moves
}

function describe(effect: Effect): string {
  switch (effect.kind) {
    case 'write': {
      const [[file, content] = []] = Object.entries(effect.disk)
      return content === undefined
        ? `the daemon drops its pending ${file}`
        : `the daemon writes ${file === 'identity' ? 'the identity' : `keys for a ${file}`}`
    }
    case 'settle':
      return 'the daemon makes sure that the keys are on the disk'
    case 'ask':
      return `the daemon connects and asks for k${effect.keys.key}`
    case 'publish':
      return `the daemon publishes generation ${effect.identity.generation}`
  }
}
