/** Nodes: `JoinNode` and `RenewNode`, on a given state. */
import { createNodeJoining } from '../../src/auth/node-joining.ts'
import { createNodeRenewal } from '../../src/auth/node-renewal.ts'
import type { NodeRecord } from '../../src/auth/records.ts'
import { STRANGER } from '../fakes/auth.ts'
import { newNodeRequest } from '../fakes/nodes.ts'
import { type Ground, type HubMutation, symbolOf, uuidOf } from './ground.ts'
import type { Domain } from './hub.ts'
import type { Newest, Request } from './hub-state.ts'

const TEMPLATE = newNodeRequest()
const NAME = TEMPLATE.node.name

/** @param change to the store, for the acts alone */
export function createNodeDomain(ground: Ground, change?: HubMutation['store']): Domain {
  const { store, keys, mutation } = ground
  const actStore = ground.actStore(change)
  const requestFor = (request: Request) => {
    const { sshPublicKey: hostPublicKey, ...asked } = keys.asked(request)
    return { ...TEMPLATE, hostPublicKey, ...asked }
  }

  const recordOf = (newest: Newest): NodeRecord => ({
    ...{ name: NAME, labels: TEMPLATE.node.labels, labelsPinned: false, port: 22, revision: 1 },
    ...{ hosts: TEMPLATE.node.hosts, instanceId: uuidOf(newest.lineage), ...keys.stored(newest) },
    ...{ joinedAt: ground.timeOf(newest.joinedAt), lastSeenAt: ground.timeOf(newest.joinedAt) },
    ...{ identityExpiresAt: 0, hostCertificateSerial: 1n, hostCertificateExpiresAt: 0 },
    ...{ clientVersion: '', sshdVersion: '', address: '' },
  })

  return {
    async load(hub) {
      await ground.load(hub)
      for (const newest of hub.newest) {
        const node = recordOf(newest)
        await store.commit({ changes: [{ kind: 'insert-node', node }], events: [] })
        await ground.loadLock({ kind: 'node', node: NAME }, newest)
        const { instanceId } = node
        await ground.loadLeave({ kind: 'node', node: NAME, instanceId }, newest)
      }
    },

    async read(before) {
      const [lock] = await store.locks.list()
      const record = await store.nodes.get(NAME)
      const newest = record && {
        ...{ lineage: symbolOf(record.instanceId), ...keys.named(record) },
        joinedAt: ground.momentOf(record.joinedAt),
        lockedAt: lock && ground.momentOf(lock.createdAt),
        leave: await ground.readLeave(record.instanceId),
      }
      return { ...(await ground.read(before)), newest: newest ? [newest] : [] }
    },

    async join(request) {
      const joining = createNodeJoining(await ground.lineageContext(actStore))
      const token = ground.tokenText(request.token)
      const issued = await joining.join(STRANGER, token, requestFor(request))
      return { lineage: symbolOf(issued.instanceId), generation: Number(issued.generation) }
    },

    async renew(request, before) {
      const { by } = request
      const context = await ground.lineageContext(actStore)
      const connectedAt = await ground.remember(context, by.lineage, before)
      const renewal = createNodeRenewal(context, mutation.decide)
      const caller = { kind: 'node', node: NAME, ...ground.bearer(by, connectedAt) } as const
      const issued = await renewal.renew(caller, requestFor(request))
      return { lineage: symbolOf(issued.instanceId), generation: Number(issued.generation) }
    },
  }
}
