/** The hub at a glance. */
import type { BoardContext } from './context.ts'
import { isInForce } from './locks.ts'

export interface Status {
  readonly clusterId: string
  readonly publicAddress: string
  readonly store: string
  readonly startedAt: number
  readonly hubTime: number
  readonly bots: number
  readonly instances: number
  readonly roles: number
  readonly nodes: number
  /** Those whose agent is connected to this hub. */
  readonly nodesOnline: number
  /** Those that are live. */
  readonly sessions: number
  /** Those in force. */
  readonly locks: number
  readonly auditEvents: number
}

export function createStatus({
  store,
  clock,
  publicAddress,
  board,
}: BoardContext): () => Promise<Status> {
  const startedAt = clock.now()
  return async () => {
    const [bots, instances, roles, nodes, sessions, locks, auditEvents] = await Promise.all([
      store.bots.count(),
      store.instances.count(),
      store.roles.count(),
      store.nodes.count(),
      store.sessions.count(),
      store.locks.list(),
      store.audit.count(),
    ])
    const hubTime = clock.now()
    return {
      clusterId: store.clusterId,
      publicAddress: publicAddress(),
      store: store.description,
      startedAt,
      hubTime,
      bots,
      instances,
      roles,
      nodes,
      nodesOnline: board.nodesOnline,
      sessions,
      locks: locks.filter((lock) => isInForce(lock, hubTime)).length,
      auditEvents,
    }
  }
}
