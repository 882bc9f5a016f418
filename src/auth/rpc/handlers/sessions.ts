import type { MessageInitShape } from '@bufbuild/protobuf'
import { type SessionSchema, SessionService } from '../../../gen/mezite/v1/node_pb.js'
import { toTimestamp } from '../../../rpc/times.ts'
import type { SessionRecord } from '../../records.ts'
import { sessionName } from '../../session-events.ts'
import type { Sessions } from '../../sessions.ts'
import { type Rpc, rpc } from '../rpc.ts'
import { optional } from './fields.ts'

export function sessionRpcs(sessions: Sessions): readonly Rpc[] {
  const { method } = SessionService
  return [
    rpc(method.listSessions, async ({ bot, node, limit }) => {
      const filter = { bot: optional(bot), node: optional(node), limit: limit || undefined }
      const found = await sessions.list(filter)
      return { sessions: found.map(toSession) }
    }),
    rpc(method.endSession, async ({ id }, caller) => {
      await sessions.end(caller, id)
      return {}
    }),
  ]
}

function toSession(session: SessionRecord): MessageInitShape<typeof SessionSchema> {
  const { node, login, bot, instanceId, certificateSerial, address, startedAt } = session
  return {
    id: sessionName(session),
    node,
    login,
    bot,
    instanceId,
    certificateSerial,
    address,
    startedAt: toTimestamp(startedAt),
  }
}
