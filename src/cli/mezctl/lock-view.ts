import type { Lock } from '../../gen/mezite/v1/admin_pb.js'
import type { Listing } from './listing.ts'
import { timeText } from './wire-values.ts'

export function lockJson(lock: Lock) {
  const { target } = lock
  return {
    id: lock.id,
    bot: target.case === 'instance' ? target.value.bot : (target.value ?? null),
    instance_id: target.case === 'instance' ? target.value.id : null,
    message: lock.message,
    created_at: timeText(lock.createdAt),
    created_by: lock.createdBy,
    expires_at: timeText(lock.expiresAt),
  }
}

/** `bot github-deploy`, `instance 0b7e… of github-deploy` */
function targetText({ target }: Lock): string {
  if (target.case === 'instance') return `instance ${target.value.id} of ${target.value.bot}`
  return `bot ${target.value ?? ''}`
}

export const lockListing: Listing<Lock> = {
  columns: [
    { header: 'TARGET', cell: targetText },
    { header: 'MESSAGE', cell: (lock) => lock.message },
    { header: 'SINCE', cell: (lock) => timeText(lock.createdAt) ?? '' },
    { header: 'BY', cell: (lock) => lock.createdBy },
    { header: 'EXPIRES', cell: (lock) => timeText(lock.expiresAt) ?? 'never' },
  ],
  toJson: lockJson,
  empty: 'No locks.',
}
