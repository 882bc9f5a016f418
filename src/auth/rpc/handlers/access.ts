import type { MessageInitShape } from '@bufbuild/protobuf'
import { AccessService, type CheckAccessResponseSchema } from '../../../gen/mezite/v1/node_pb.js'
import { toDuration } from '../../../rpc/times.ts'
import { type AccessBoard, formatAccessKey, parseAccessKey } from '../../board/board.ts'
import type { AccessDecision } from '../../board/evaluate-access.ts'
import { type Rpc, rpc } from '../rpc.ts'
import { optional } from './fields.ts'
import { toGrant } from './node-update.ts'
import { readPage } from './paging.ts'

const LARGEST_PAGE = 1_000

export function accessRpcs(board: AccessBoard): readonly Rpc[] {
  const { method } = AccessService
  return [
    rpc(method.checkAccess, async ({ bot, node, login }) =>
      toDecision(board.checkAccess(bot, node, login)),
    ),
    rpc(method.listAccess, async (request) => {
      const among = { bot: optional(request.bot), node: optional(request.node) }
      const page = await readPage(
        request,
        async ({ after, limit }) => {
          const key = after === undefined ? undefined : parseAccessKey(after)
          return board.listAccess({ ...among, after: key, limit })
        },
        ({ bot, node, grant }) => formatAccessKey({ bot, node, login: grant.login }),
        LARGEST_PAGE,
      )
      return {
        rows: page.items.map(({ bot, node, grant }) => ({ bot, node, grant: toGrant(grant) })),
        nextPageToken: page.nextPageToken,
      }
    }),
  ]
}

function toDecision(decision: AccessDecision): MessageInitShape<typeof CheckAccessResponseSchema> {
  const { allowed, effect, reason } = decision
  if (effect === 'lock') {
    const { target } = decision.lock
    const roles = target.kind === 'role' ? [target.role] : []
    return { allowed, effect, by: target.kind, roles, reason }
  }
  const { by, roles } = decision.rule
  const told = { allowed, effect, by, roles: [...roles], reason }
  if (!decision.allowed) return told
  const { maxSessionTtlMs } = decision.grant.options
  return {
    ...told,
    grant: toGrant(decision.grant),
    ...(maxSessionTtlMs !== undefined && { maxCertificateTtl: toDuration(maxSessionTtlMs) }),
  }
}
