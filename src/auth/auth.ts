/**
 * The hub's domain: joining, renewal, and the administration of bots, roles, locks and admins.
 *
 * Invariants of this folder:
 * - Every act is one commit, together with the audit events that tell of it.
 * - What is decided from a read is committed on condition that it is still so.
 * - A certificate leaves only after the commit that its generation rests on is durable.
 * - A lock that has been set is obeyed by every act that ends after it.
 */
import type { Admins } from './admins.ts'
import { createAdmins } from './admins.ts'
import type { Bots } from './bots.ts'
import { createBots } from './bots.ts'
import type { AuthContext } from './context.ts'
import type { Joining } from './joining.ts'
import { createJoining } from './joining.ts'
import type { Locks } from './locks.ts'
import { createLocks } from './locks.ts'
import type { Renewal } from './renewal.ts'
import { createRenewal } from './renewal.ts'
import type { Roles } from './roles.ts'
import { createRoles } from './roles.ts'
import type { Status } from './status.ts'
import { createStatus } from './status.ts'

export interface Auth {
  readonly context: AuthContext
  readonly joining: Joining
  readonly renewal: Renewal
  readonly bots: Bots
  readonly roles: Roles
  readonly locks: Locks
  readonly admins: Admins
  readonly status: () => Promise<Status>
}

export function createAuth(context: AuthContext): Auth {
  const roles = createRoles(context)
  return {
    context,
    roles,
    joining: createJoining(context, roles),
    renewal: createRenewal(context, roles),
    bots: createBots(context, roles),
    locks: createLocks(context),
    admins: createAdmins(context),
    status: createStatus(context),
  }
}
