/** What to do about an act of which nobody knows whether it happened, since its answer got lost. */
import { HubError } from '../../client/identity-hub.ts'

const BOTS = 'mezctl bots show NAME'
const LOCKS = 'mezctl locks ls'
const NODES = 'mezctl nodes show NAME'
const ROLES = 'mezctl roles ls'
const TOKENS = 'mezctl tokens ls'
const ADMINS = 'mezctl admins ls'

/** What shows whether the hub has done it. */
const ACTS: Readonly<Record<string, string>> = {
  'mezite.v1.RoleService/CreateRole': ROLES,
  'mezite.v1.RoleService/UpdateRole': 'mezctl roles get NAME',
  'mezite.v1.RoleService/DeleteRole': ROLES,
  'mezite.v1.BotService/CreateBot': BOTS,
  'mezite.v1.BotService/UpdateBot': BOTS,
  'mezite.v1.BotService/RotateToken': BOTS,
  'mezite.v1.BotService/DeleteBot': 'mezctl bots ls',
  'mezite.v1.BotService/LockBot': LOCKS,
  'mezite.v1.BotService/UnlockBot': LOCKS,
  'mezite.v1.BotService/ReadmitBot': BOTS,
  'mezite.v1.BotService/CancelReadmission': BOTS,
  'mezite.v1.LockService/CreateLock': LOCKS,
  'mezite.v1.LockService/DeleteLock': LOCKS,
  'mezite.v1.NodeService/UpdateNode': NODES,
  'mezite.v1.NodeService/DeleteNode': 'mezctl nodes ls',
  'mezite.v1.NodeService/ReadmitNode': NODES,
  'mezite.v1.NodeService/CancelNodeReadmission': NODES,
  'mezite.v1.TokenService/CreateToken': TOKENS,
  'mezite.v1.TokenService/DeleteToken': TOKENS,
  'mezite.v1.SessionService/EndSession': 'mezctl sessions ls',
  'mezite.v1.AdminService/CreateAdmin': ADMINS,
  'mezite.v1.AdminService/DeleteAdmin': ADMINS,
  'mezite.v1.AdminService/RenewAdmin': 'mezctl ca status',
  'mezite.v1.AuthorityService/RotateAuthority': 'mezctl ca status',
  'mezite.v1.AuditService/CreateCheckpoint': 'mezctl audit ls',
}

/** What would have been printed is shown once. */
const SECRETS: Readonly<Record<string, string>> = {
  'mezite.v1.BotService/CreateBot': 'if it is there: mezctl bots rotate-token NAME prints a token',
  'mezite.v1.BotService/RotateToken': 'in any case: do it again, the tokens before it end then',
  'mezite.v1.TokenService/CreateToken':
    'one that is there and whose text you lack: mezctl tokens rm',
  'mezite.v1.AdminService/CreateAdmin': 'if it is there: mezctl admins rm NAME, and add it again',
}

/** The acts of an administrator, by the names of their RPCs. */
export const LOST_ACTS: readonly string[] = Object.keys(ACTS)

/** The same error with that hint; others as they are. */
export function explainLostAnswer(error: unknown): unknown {
  if (!(error instanceof HubError) || error.lostCall === undefined) return error
  const { lostCall, code, message, cause } = error
  if (!Object.hasOwn(ACTS, lostCall)) return error
  const hints = [
    `whether the hub has done it isn't known: look before you do it again: ${ACTS[lostCall]}`,
    ...(Object.hasOwn(SECRETS, lostCall) ? [SECRETS[lostCall]] : []),
  ]
  return new HubError(code, message, { hint: hints.join('\n'), cause, lostCall })
}
