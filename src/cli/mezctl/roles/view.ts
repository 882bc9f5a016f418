import type { Role } from '../../../gen/mezite/v1/admin_pb.js'
import type { Listing } from '../listing.ts'
import { timeText } from '../wire-values.ts'

export function roleJson(role: Role) {
  return {
    name: role.name,
    description: role.description,
    revision: Number(role.revision),
    created_at: timeText(role.createdAt),
    updated_at: timeText(role.updatedAt),
    document: role.document,
  }
}

export const roleListing: Listing<Role> = {
  columns: [
    { header: 'NAME', cell: (role) => role.name },
    { header: 'DESCRIPTION', cell: (role) => role.description },
    { header: 'REVISION', cell: (role) => String(role.revision) },
    { header: 'UPDATED', cell: (role) => timeText(role.updatedAt) ?? '' },
  ],
  toJson: roleJson,
  empty: 'No roles. Make one with: mezctl roles create --from-file FILE',
}
