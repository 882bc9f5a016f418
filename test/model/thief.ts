/**
 * The thief: he may copy the state directory at any instant, knows every public key that there is, and
 * may ask the hub for whatever he can prove himself to be.
 */

import { lineageOf } from './daemon.ts'
import { certificateOf } from './daemon-moves.ts'
import type { Actors } from './hub-moves.ts'
import { handle, say } from './hub-moves.ts'
import {
  type Certificate,
  isSameHub,
  type Keys,
  knownOf,
  newestOf,
  type Reply,
  type Request,
} from './hub-state.ts'
import { checkStolen } from './properties.ts'
import { type Flight, type Move, spend, type Thief, type World } from './world.ts'

export function thiefMoves(actors: Actors, world: World): Move[] {
  const { disk, left, late } = world
  const moves: Move[] = []
  const hasSecret = disk.identity ?? disk.join ?? disk.renewal
  if (left.copies > 0 && hasSecret) {
    moves.push({ what: 'the thief copies the state directory', to: async () => copied(world) })
  }
  for (const [index, flight] of late.entries()) {
    if (flight.from !== 'thief') continue
    const after = { ...world, late: late.toSpliced(index, 1) }
    moves.push({
      what: `the thief’s late request for k${flight.request.key} reaches the hub`,
      to: () => attempt(actors, after, flight, after),
    })
  }
  if (left.thefts === 0) return moves
  for (const { request, holdsSsh } of requests(world)) {
    const what = `the thief asks ${sayRequest(request)}`
    const before = request.kind === 'renew' ? knownOf(world.hub, request.by.lineage) : undefined
    const { fresh } = world
    const spent = {
      ...spend(world, 'thefts'),
      fresh: { ...fresh, key: fresh.key + 1, ssh: fresh.ssh + 1 },
    }
    const flight: Flight = { from: 'thief', request, before, holdsSsh }
    moves.push({ what, to: () => attempt(actors, spent, flight, world) })
    if (left.delays > 0 && request.kind === 'renew') {
      const connected = { ...spend(spent, 'delays'), late: [...late, flight] }
      moves.push({ what: `${what}, later, on a connection made now`, to: async () => connected })
    }
  }
  return moves
}

function copied(world: World): World {
  const { disk, thief, history } = world
  const found: Keys[] = [disk.identity, disk.join, disk.renewal].filter((it) => it !== undefined)
  const certificates = disk.identity ? [certificateOf(disk.identity)] : []
  const isNew = (it: Certificate) => !thief.certificates.some((each) => isSame(each, it))
  return {
    ...spend(world, 'copies'),
    thief: {
      ...thief,
      keys: [...new Set([...thief.keys, ...found.map(({ key }) => key)])],
      sshKeys: [...new Set([...thief.sshKeys, ...found.map(({ ssh }) => ssh)])],
      certificates: [...thief.certificates, ...certificates.filter(isNew)],
    },
    // What the owner has is what the thief has, until one of them renews.
    history: {
      ...history,
      isCopied: true,
      ownerAlone: history.ownerAlone.filter(
        (lineage) => !disk.identity || lineageOf(disk.identity) !== lineage,
      ),
    },
  }
}

function isSame(a: Certificate, b: Certificate): boolean {
  return (
    a.lineage === b.lineage &&
    a.generation === b.generation &&
    a.key === b.key &&
    a.epoch === b.epoch
  )
}

/** Each certificate of his for each pair of keys that could be of any use. */
function* requests(world: World): Generator<Pick<Flight, 'request' | 'holdsSsh'>> {
  const { thief, hub, fresh } = world
  const own: Keys = { key: fresh.key, ssh: fresh.ssh }
  const asked = (keys: Keys) => ({
    ...keys,
    proves: keys.key === own.key || thief.keys.includes(keys.key),
  })
  const holdsSsh = ({ ssh }: Keys) => ssh === own.ssh || thief.sshKeys.includes(ssh)
  for (const by of thief.certificates) {
    for (const keys of choices(world, own, newestOf(hub, by.lineage))) {
      yield { request: { kind: 'renew', by, ...asked(keys) }, holdsSsh: holdsSsh(keys) }
    }
  }
  if (!thief.knowsToken) return
  for (const keys of choices(world, own, hub.newest[0])) {
    yield { request: { kind: 'join', token: 0, ...asked(keys) }, holdsSsh: holdsSsh(keys) }
  }
}

function choices({ thief, disk }: World, own: Keys, stored: Keys | undefined): readonly Keys[] {
  const seen = [stored, disk.join, disk.renewal].filter((it) => it !== undefined)
  const identityKeys = new Set([own.key, ...seen.map(({ key }) => key), ...thief.keys])
  const sshKeys = new Set([own.ssh, ...seen.map(({ ssh }) => ssh), ...thief.sshKeys])
  return [...identityKeys].flatMap((key) => [...sshKeys].map((ssh) => ({ key, ssh })))
}

/** @param otherwise what is where nothing came of it: trying costs him nothing */
async function attempt(
  actors: Actors,
  world: World,
  flight: Flight,
  otherwise: World,
): Promise<World> {
  const { world: after, reply } = await handle(actors, world, flight)
  checkStolen(flight, reply)
  if (reply.kind === 'refused' && isSameHub(after.hub, world.hub)) return otherwise
  return { ...after, thief: holding(after.thief, flight, reply) }
}

function holding(thief: Thief, { request, holdsSsh }: Flight, reply: Reply): Thief {
  if (reply.kind === 'refused' || !request.proves) return thief
  const { certificate } = reply
  const { key, ssh } = certificate
  const without = thief.certificates.filter((each) => !isSame(each, certificate))
  return {
    ...thief,
    keys: [...new Set([...thief.keys, key])],
    sshKeys: holdsSsh ? [...new Set([...thief.sshKeys, ssh])] : thief.sshKeys,
    certificates: [...without, certificate],
  }
}

function sayRequest(request: Request): string {
  const keys = `k${request.key}${request.proves ? '' : ' (public half only)'} and s${request.ssh}`
  return request.kind === 'join' ? `to join for ${keys}` : `to renew ${say(request.by)} for ${keys}`
}
