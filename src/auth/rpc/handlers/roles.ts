import type { MessageInitShape } from '@bufbuild/protobuf'
import { type RoleSchema, RoleService } from '../../../gen/mezite/v1/admin_pb.js'
import { toTimestamp } from '../../../rpc/times.ts'
import type { RoleRecord } from '../../records.ts'
import type { Roles } from '../../roles.ts'
import { type Rpc, rpc } from '../rpc.ts'
import { readPage } from './paging.ts'

/** A role's document may fill a whole request; this many fit into one reply. */
const LARGEST_PAGE = 50

export function roleRpcs(roles: Roles): readonly Rpc[] {
  const { method } = RoleService
  return [
    rpc(method.createRole, async ({ document }, caller) => ({
      role: toRole(await roles.create(caller, document)),
    })),
    rpc(method.updateRole, async ({ document }, caller) => ({
      role: toRole(await roles.update(caller, document)),
    })),
    rpc(method.listRoles, async (request) => {
      const page = await readPage(request, roles.list, ({ name }) => name, LARGEST_PAGE)
      return { roles: page.items.map(toRole), nextPageToken: page.nextPageToken }
    }),
    rpc(method.getRole, async ({ name }) => ({ role: toRole(await roles.get(name)) })),
    rpc(method.deleteRole, async ({ name }, caller) => {
      await roles.remove(caller, name)
      return {}
    }),
  ]
}

function toRole(record: RoleRecord): MessageInitShape<typeof RoleSchema> {
  const { name, description, document, revision, createdAt, updatedAt } = record
  return {
    name,
    description,
    document,
    revision: BigInt(revision),
    createdAt: toTimestamp(createdAt),
    updatedAt: toTimestamp(updatedAt),
  }
}
