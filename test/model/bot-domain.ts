/** Bots: `Join` and `Renew`, on a given state. */
import { createJoining } from '../../src/auth/joining.ts'
import type { InstanceRecord } from '../../src/auth/records.ts'
import { createRenewal } from '../../src/auth/renewal.ts'
import { createRoles } from '../../src/auth/roles.ts'
import { newRequest, STRANGER } from '../fakes/auth.ts'
import { BOT, type Ground, type HubMutation, symbolOf, uuidOf } from './ground.ts'
import type { Domain } from './hub.ts'
import type { Newest, Request } from './hub-state.ts'

const TEMPLATE = newRequest()

/** @param change to the store, for the acts alone */
export function createBotDomain(ground: Ground, change?: HubMutation['store']): Domain {
  const { store, keys, mutation } = ground
  const actStore = ground.actStore(change)
  const roles = createRoles(ground.context(actStore))
  const requestFor = (request: Request) => ({ ...TEMPLATE, ...keys.asked(request) })
  const targetOf = (lineage: number) => ({ bot: BOT, instanceId: uuidOf(lineage) })

  const recordOf = (newest: Newest): InstanceRecord => ({
    ...{ id: uuidOf(newest.lineage), bot: BOT, ...keys.stored(newest) },
    ...{ joinedAt: ground.timeOf(newest.joinedAt), lastSeenAt: ground.timeOf(newest.joinedAt) },
    ...{ certificateSerial: 1n, certificateExpiresAt: 0, identityExpiresAt: 0 },
    ...{
      renewsAt: undefined,
      overdueAt: undefined,
      clientVersion: '',
      clientHost: '',
      address: '',
    },
  })

  return {
    async load(hub) {
      await ground.load(hub)
      for (const newest of hub.newest) {
        const target = targetOf(newest.lineage)
        const instance = recordOf(newest)
        await store.commit({ changes: [{ kind: 'insert-instance', instance }], events: [] })
        await ground.loadLock({ kind: 'instance', ...target }, newest)
        await ground.loadLeave({ kind: 'bot', ...target }, newest)
      }
    },

    async read(before) {
      const locks = await store.locks.listForBot(BOT)
      const newest: Newest[] = []
      for (const record of await store.instances.listForBot(BOT)) {
        const lock = locks.find(
          ({ target }) => target.kind === 'instance' && target.instanceId === record.id,
        )
        newest.push({
          ...{ lineage: symbolOf(record.id), ...keys.named(record) },
          joinedAt: ground.momentOf(record.joinedAt),
          lockedAt: lock && ground.momentOf(lock.createdAt),
          leave: await ground.readLeave(record.id),
        })
      }
      newest.sort((a, b) => a.lineage - b.lineage)
      return { ...(await ground.read(before)), newest }
    },

    async join(request) {
      const joining = createJoining(await ground.lineageContext(actStore), roles)
      const token = ground.tokenText(request.token)
      const issued = await joining.join(STRANGER, token, requestFor(request))
      return { lineage: symbolOf(issued.instanceId), generation: Number(issued.generation) }
    },

    async renew(request, before) {
      const { by } = request
      const context = await ground.lineageContext(actStore)
      const connectedAt = await ground.remember(context, by.lineage, before)
      const renewal = createRenewal(context, roles, mutation.decide)
      const caller = { kind: 'bot', bot: BOT, ...ground.bearer(by, connectedAt) } as const
      const issued = await renewal.renew(caller, requestFor(request))
      return { lineage: symbolOf(issued.instanceId), generation: Number(issued.generation) }
    },
  }
}
