/** The hub at a glance. */
import type { Audit, AuditState } from './audit.ts'
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
  readonly audit: AuditState
}

export function createStatus({
  store,
  clock,
  publicAddress,
  board,
  audit,
}: BoardContext & { readonly audit: Pick<Audit, 'state'> }): () => Promise<Status> {
  const startedAt = clock.now()
  return async () => {
    const [bots, instances, roles, nodes, sessions, locks, auditState] = await Promise.all([
      store.bots.count(),
      store.instances.count(),
      store.roles.count(),
      store.nodes.count(),
      store.sessions.count(),
      store.locks.list(),
      audit.state(),
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
      audit: auditState,
    }
  }
}
