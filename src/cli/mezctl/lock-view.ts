import type { Lock } from '../../gen/mezite/v1/admin_pb.js'
import type { Listing } from './listing.ts'
import { timeText } from './wire-values.ts'

export function lockJson(lock: Lock) {
  return {
    id: lock.id,
    ...targetJson(lock),
    message: lock.message,
    created_at: timeText(lock.createdAt),
    created_by: lock.createdBy,
    expires_at: timeText(lock.expiresAt),
  }
}

/** Of an instance also its bot; null for what isn't locked. */
function targetJson({ target }: Lock) {
  const none = { bot: null, instance_id: null, node: null, role: null, login: null }
  switch (target.case) {
    case 'instance':
      return { ...none, bot: target.value.bot, instance_id: target.value.id }
    case undefined:
      return none
    default:
      return { ...none, [target.case]: target.value }
  }
}

/** `bot github-deploy`, `instance 0b7e… of github-deploy`, `login root` */
export function targetText({ target }: Lock): string {
  switch (target.case) {
    case 'instance':
      return `instance ${target.value.id} of ${target.value.bot}`
    case undefined:
      return 'what this version does not know'
    default:
      return `${target.case} ${target.value}`
  }
}

export const lockListing: Listing<Lock> = {
  columns: [
    { header: 'LOCK', cell: (lock) => lock.id },
    { header: 'TARGET', cell: targetText },
    { header: 'MESSAGE', cell: (lock) => lock.message },
    { header: 'SINCE', cell: (lock) => timeText(lock.createdAt) ?? '' },
    { header: 'BY', cell: (lock) => lock.createdBy },
    { header: 'EXPIRES', cell: (lock) => timeText(lock.expiresAt) ?? 'never' },
  ],
  toJson: lockJson,
  empty: 'No locks.',
}
