import { everyOne } from '../every-one.ts'
import type { Change, Store } from '../storage.ts'
import { AccessState } from './access-state.ts'

/**
 * Reads the whole state from the store and follows the store's changes from then on, through
 * `changed`, which is called after each act that was applied. What is committed while it reads is
 * not lost.
 */
export async function loadAccessState(
  store: Store,
  now: number,
  changed: () => void,
): Promise<{ readonly state: AccessState; readonly stop: () => void }> {
  const state = new AccessState()
  const missed: Change[] = []
  let isLoaded = false
  const stop = store.changes.subscribe((changes) => {
    if (!isLoaded) {
      missed.push(...changes)
      return
    }
    for (const change of changes) state.apply(change)
    changed()
  })
  try {
    await read(store, state, now)
  } catch (error) {
    stop()
    throw error
  }
  for (const change of missed) state.apply(change)
  state.takePending()
  isLoaded = true
  return { state, stop }
}

async function read(store: Store, state: AccessState, now: number): Promise<void> {
  for (const lock of await store.locks.list()) state.addLock(lock)
  for await (const role of everyOne((page) => store.roles.list(page))) state.setRole(role)
  for await (const bot of everyOne((page) => store.bots.list(page))) state.setBot(bot)
  for await (const node of everyOne((page) => store.nodes.list(page))) state.nodes.set(node)
  for (const certificate of await store.certificates.list(now)) {
    const { bot, instanceId } = certificate
    const known = state.certificates.hasInstance(bot, instanceId)
    if (!known && (await store.instances.get(instanceId))?.bot === bot) {
      state.addInstance(bot, instanceId)
    }
    state.addCertificate(certificate)
  }
  for (const session of await store.sessions.list({})) {
    state.addSession(session)
    const instance = await store.instances.get(session.instanceId)
    if (instance?.bot !== session.bot) state.endSession(session.node, session.id)
  }
}
