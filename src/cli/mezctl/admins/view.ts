import type { Admin } from '../../../gen/mezite/v1/admin_pb.js'
import type { Listing } from '../listing.ts'
import { timeText } from '../wire-values.ts'

export function adminJson(admin: Admin) {
  return {
    name: admin.name,
    created_at: timeText(admin.createdAt),
    created_by: admin.createdBy,
    expires_at: timeText(admin.expiresAt),
  }
}

export const adminListing: Listing<Admin> = {
  columns: [
    { header: 'NAME', cell: (admin) => admin.name },
    { header: 'CREATED', cell: (admin) => timeText(admin.createdAt) ?? '' },
    { header: 'BY', cell: (admin) => admin.createdBy },
    { header: 'EXPIRES', cell: (admin) => timeText(admin.expiresAt) ?? '' },
  ],
  toJson: adminJson,
  empty: 'No admin identities. Make one with: mezctl admins add NAME --out FILE',
}
