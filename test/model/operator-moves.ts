/** What administrators and operators may do next, and time: locks, leaves, tokens, backups. */

import type { ModelHub } from './hub.ts'
import { type Actors, crashHub } from './hub-moves.ts'
import { type HubState, isSameHub } from './hub-state.ts'
import { type Move, spend, type World } from './world.ts'

export function operatorMoves(actors: Actors, world: World): Move[] {
  const { hub: modelHub } = actors
  const { hub, left, history } = world
  const moves = left.restores > 0 ? backupMoves(actors, world) : []
  const may = (what: string, after: () => World) => moves.push({ what, to: async () => after() })
  if (left.locks > 0 && hub.newest.some((each) => each.lockedAt === undefined)) {
    may('an administrator locks', () => ({
      ...spend(world, 'locks'),
      hub: modelHub.lock(hub, world.time),
      history: { ...history, locks: history.locks + 1 },
    }))
  }
  if (left.unlocks > 0 && hub.newest.some((each) => each.lockedAt !== undefined)) {
    may('an administrator unlocks', () => ({
      ...spend(world, 'unlocks'),
      hub: modelHub.unlock(hub),
      history: { ...history, unlocks: history.unlocks + 1 },
    }))
  }
  if (left.expiries > 0 && hub.newest.length > 0) {
    const what = 'every certificate expires'
    may(what, () => ({ ...spend(world, 'expiries'), epoch: world.epoch + 1 }))
  }
  if (left.readmissions > 0 && hub.newest.some((each) => each.leave === 'none')) {
    const what = 'an administrator readmits'
    may(what, () => ({ ...spend(world, 'readmissions'), hub: modelHub.readmit(hub) }))
  }
  if (left.newTokens > 0) {
    const what = 'the operator starts the daemon anew with a new token'
    may(what, () => giveToken(modelHub, spend(world, 'newTokens')))
  }
  return moves
}

export function giveToken(modelHub: ModelHub, world: World): World {
  const { hub, fresh } = world
  const { token } = fresh
  const after = { ...fresh, token: token + 1 }
  const stopped = { ...world, process: undefined, call: undefined }
  return { ...stopped, hub: modelHub.replaceToken(hub, token), token, fresh: after }
}

/** The store is copied at any commit, and put back to it at any later one. */
function backupMoves(actors: Actors, world: World): Move[] {
  const { hub, backup, time, history } = world
  const later = { ...world, time: time + 1 }
  if (backup === undefined) {
    const after = { ...later, backup: { hub, takenAt: time } }
    return [{ what: 'the store is copied', to: async () => after }]
  }
  if (isSameHub(backup.hub, hub)) return []
  const putBack = (state: HubState, filesPutBack: number) =>
    crashHub(actors, {
      ...spend(later, 'restores'),
      ...{ hub: state, backup: undefined },
      history: {
        ...{ ...history, ownerAlone: [], thiefAlone: [], filesPutBack },
        restores: history.restores + 1,
      },
    })
  return [
    {
      what: 'the store’s files are put back',
      to: () => putBack(backup.hub, history.filesPutBack + 1),
    },
    {
      what: 'the store is restored by the hub’s command',
      to: async () => {
        const restored = await actors.hub.restore(backup.hub, backup.takenAt, time)
        return putBack(restored, history.filesPutBack)
      },
    },
  ]
}
