import { StatusService } from '../../../gen/mezite/v1/admin_pb.js'
import { toTimestamp } from '../../../rpc/times.ts'
import type { Auth } from '../../auth.ts'
import { actorOf } from '../../caller.ts'
import { type Rpc, rpc } from '../rpc.ts'
import { toAuditState } from './audit-messages.ts'
import { toAuthorities } from './authorities.ts'

export function statusRpcs({ status, context }: Auth, version: string): readonly Rpc[] {
  return [
    rpc(StatusService.method.getStatus, async (_request, caller) => {
      const now = await status()
      return {
        version,
        clusterId: now.clusterId,
        startedAt: toTimestamp(now.startedAt),
        hubTime: toTimestamp(now.hubTime),
        publicAddress: now.publicAddress,
        store: now.store,
        bots: BigInt(now.bots),
        instances: BigInt(now.instances),
        roles: BigInt(now.roles),
        locks: BigInt(now.locks),
        nodes: BigInt(now.nodes),
        nodesOnline: BigInt(now.nodesOnline),
        sessions: BigInt(now.sessions),
        auditEvents: BigInt(now.audit.events),
        audit: toAuditState(now.audit),
        authorities: (['user', 'host', 'tls'] as const).flatMap((type) =>
          toAuthorities(context.authorities.records, type),
        ),
        caller: actorOf(caller),
      }
    }),
  ]
}
