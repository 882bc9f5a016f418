/** What nodes are told of grants and locks, as it is streamed to them. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { LoginGrantSchema, WatchNodeResponseSchema } from '../../../gen/mezite/v1/node_pb.js'
import type { AccessRow } from '../../board/access-list.ts'
import type { NodeUpdate } from '../../board/node-update.ts'
import { toLock } from './locks.ts'
import { toDuties, toTrust } from './trust-messages.ts'

export function toNodeUpdate(update: NodeUpdate): MessageInitShape<typeof WatchNodeResponseSchema> {
  const { full, locks, trust } = update
  return {
    full,
    groups: update.groups.map(({ id, grants, principals = [] }) => ({
      id,
      grants: grants.map(toGrant),
      principals: [...principals],
    })),
    removedGroups: [...update.removedGroups],
    memberships: update.memberships.map(({ group, added, removed }) => ({
      group,
      added: [...added],
      removed: [...removed],
    })),
    revoked: [...update.revoked],
    forgotten: [...update.forgotten],
    hasLocks: locks !== undefined,
    // Why, and by whose hand, is for administrators: a node may be in the wrong ones.
    locks: locks?.map((lock) => toLock({ ...lock, message: '', createdBy: '' })) ?? [],
    endSessions: [...update.endSessions],
    ...(trust && { trust: toTrust(trust) }),
    ...toDuties(update.duties),
  }
}

export function toGrant({
  login,
  options,
}: AccessRow['grant']): MessageInitShape<typeof LoginGrantSchema> {
  const { portForwarding, fileCopy, pty, sourceCidrs, forceCommand = '' } = options
  return { login, portForwarding, fileCopy, pty, sourceCidrs: [...sourceCidrs], forceCommand }
}
