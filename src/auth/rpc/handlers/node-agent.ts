import { NodeAgentService } from '../../../gen/mezite/v1/node_pb.js'
import type { Auth } from '../../auth.ts'
import type { NodeUpdate } from '../../board/node-update.ts'
import type { Caller, NodeCaller } from '../../caller.ts'
import { AuthError } from '../../errors.ts'
import { nodeRemoved } from '../../refusals.ts'
import { type Rpc, rpc, stream } from '../rpc.ts'
import { readNodeRequest, toIssuedNode } from './node-certificates.ts'
import { toNodeUpdate } from './node-update.ts'
import { readSessionEvent } from './session-events.ts'
import { readDigest } from './trust-messages.ts'

export function nodeAgentRpcs({
  nodes,
  nodeRenewal,
  sessions,
  board,
  rotations,
}: Auth): readonly Rpc[] {
  const { method } = NodeAgentService
  return [
    rpc(method.renewNode, async ({ request }, caller) => {
      const issued = await nodeRenewal.renew(nodeCaller(caller), readNodeRequest(request))
      return { node: toIssuedNode(issued) }
    }),
    stream(method.watchNode, toNodeUpdate, async (_request, caller, outlet) => {
      const bearer = nodeCaller(caller)
      await nodes.requireCurrent(bearer)
      outlet.subscribe(() => rotations.attendance.enter(bearer))
      outlet.subscribe(() =>
        board.watchNode(bearer.node, {
          update: (update) => outlet.send(withDuties(update, bearer)),
          gone: () => outlet.end(nodeRemoved(bearer.node)),
        }),
      )
    }),
    rpc(method.reportNodeTrust, async ({ trustDigest, hostCertificateSerial }, caller) => {
      const bearer = nodeCaller(caller)
      await nodes.requireCurrent(bearer)
      await rotations.report(bearer, readDigest(trustDigest), hostCertificateSerial)
      return {}
    }),
    rpc(method.reportSessions, async ({ events }, caller) => {
      await sessions.report(nodeCaller(caller), events.map(readSessionEvent))
      return {}
    }),
    rpc(method.leaveNode, async (_request, caller) => {
      await nodes.leave(nodeCaller(caller))
      return {}
    }),
  ]

  function withDuties(update: NodeUpdate, bearer: NodeCaller): NodeUpdate {
    const duties = update.trust && rotations.duties(bearer)
    return duties ? { ...update, duties } : update
  }
}

/** The access table lets no other caller through. */
function nodeCaller(caller: Caller): NodeCaller {
  if (caller.kind === 'node') return caller
  throw new AuthError('internal', 'only a node has this call')
}
