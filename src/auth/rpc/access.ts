/**
 * Who may call what. One table names every RPC; what isn't in it is denied to everyone.
 */
import { formatTime } from '../../base/clock.ts'
import type { AdminCaller, Caller, CallerKind } from '../caller.ts'
import { AuthError } from '../errors.ts'
import { identityExpired, nodeIdentityExpired } from '../refusals.ts'
import type { Peer } from './peer.ts'

const EVERYBODY: readonly CallerKind[] = ['anyone', 'bot', 'node', 'admin', 'local']
const BOTS: readonly CallerKind[] = ['bot']
const NODES: readonly CallerKind[] = ['node']
const ADMINS: readonly CallerKind[] = ['admin', 'local']
const REMOTE_ADMINS: readonly CallerKind[] = ['admin']

export const ACCESS: ReadonlyMap<string, readonly CallerKind[]> = new Map([
  ['mezite.v1.JoinService/Join', EVERYBODY],
  ['mezite.v1.IdentityService/Renew', BOTS],
  ['mezite.v1.IdentityService/WatchIdentity', BOTS],
  ['mezite.v1.IdentityService/ReportTrust', BOTS],

  ['mezite.v1.NodeJoinService/JoinNode', EVERYBODY],
  ['mezite.v1.NodeAgentService/RenewNode', NODES],
  ['mezite.v1.NodeAgentService/WatchNode', NODES],
  ['mezite.v1.NodeAgentService/ReportNodeTrust', NODES],
  ['mezite.v1.NodeAgentService/ReportSessions', NODES],
  ['mezite.v1.NodeAgentService/LeaveNode', NODES],

  ['mezite.v1.RoleService/CreateRole', ADMINS],
  ['mezite.v1.RoleService/UpdateRole', ADMINS],
  ['mezite.v1.RoleService/ListRoles', ADMINS],
  ['mezite.v1.RoleService/GetRole', ADMINS],
  ['mezite.v1.RoleService/DeleteRole', ADMINS],

  ['mezite.v1.BotService/CreateBot', ADMINS],
  ['mezite.v1.BotService/UpdateBot', ADMINS],
  ['mezite.v1.BotService/ListBots', ADMINS],
  ['mezite.v1.BotService/GetBot', ADMINS],
  ['mezite.v1.BotService/ListInstances', ADMINS],
  ['mezite.v1.BotService/RotateToken', ADMINS],
  ['mezite.v1.BotService/DeleteBot', ADMINS],
  ['mezite.v1.BotService/LockBot', ADMINS],
  ['mezite.v1.BotService/UnlockBot', ADMINS],
  ['mezite.v1.BotService/ReadmitBot', ADMINS],
  ['mezite.v1.BotService/CancelReadmission', ADMINS],

  ['mezite.v1.LockService/CreateLock', ADMINS],
  ['mezite.v1.LockService/ListLocks', ADMINS],
  ['mezite.v1.LockService/DeleteLock', ADMINS],

  ['mezite.v1.NodeService/ListNodes', ADMINS],
  ['mezite.v1.NodeService/GetNode', ADMINS],
  ['mezite.v1.NodeService/UpdateNode', ADMINS],
  ['mezite.v1.NodeService/DeleteNode', ADMINS],
  ['mezite.v1.NodeService/ReadmitNode', ADMINS],
  ['mezite.v1.NodeService/CancelNodeReadmission', ADMINS],

  ['mezite.v1.TokenService/CreateToken', ADMINS],
  ['mezite.v1.TokenService/ListTokens', ADMINS],
  ['mezite.v1.TokenService/DeleteToken', ADMINS],

  ['mezite.v1.AccessService/CheckAccess', ADMINS],
  ['mezite.v1.AccessService/ListAccess', ADMINS],

  ['mezite.v1.SessionService/ListSessions', ADMINS],
  ['mezite.v1.SessionService/EndSession', ADMINS],

  ['mezite.v1.AdminService/CreateAdmin', ADMINS],
  ['mezite.v1.AdminService/ListAdmins', ADMINS],
  ['mezite.v1.AdminService/DeleteAdmin', ADMINS],
  ['mezite.v1.AdminService/RenewAdmin', REMOTE_ADMINS],

  ['mezite.v1.AuthorityService/ListAuthorities', ADMINS],
  ['mezite.v1.AuthorityService/GetRotation', ADMINS],
  ['mezite.v1.AuthorityService/RotateAuthority', ADMINS],

  ['mezite.v1.CertificateService/ListCertificates', ADMINS],

  ['mezite.v1.AuditService/ListEvents', ADMINS],
  ['mezite.v1.AuditService/FollowEvents', ADMINS],
  ['mezite.v1.AuditService/GetAuditKey', ADMINS],
  ['mezite.v1.AuditService/CreateCheckpoint', ADMINS],
  ['mezite.v1.AuditService/StartExport', ADMINS],
  ['mezite.v1.AuditService/ReadExport', ADMINS],
  ['mezite.v1.AuditService/VerifyLog', ADMINS],

  ['mezite.v1.StatusService/GetStatus', ADMINS],

  ['grpc.health.v1.Health/Check', EVERYBODY],
])

/** What an identity that has expired may still call: what decides on its readmission. */
export const OPEN_TO_EXPIRED: ReadonlySet<string> = new Set([
  'mezite.v1.IdentityService/Renew',
  'mezite.v1.NodeAgentService/RenewNode',
])

export interface AccessOptions {
  readonly nowMs: number
  /** @throws AuthError `unauthenticated` for an admin identity that was removed or has expired */
  readonly requireCurrentAdmin: (caller: AdminCaller) => Promise<void>
}

/**
 * Lets the peer's caller make this call, or says why not. Nothing is taken from an earlier call on
 * the same connection: it outlives certificates and admins.
 *
 * @throws AuthError `identity-expired`, `unauthenticated`, `permission-denied`
 */
export async function requireAccess(
  rpc: string,
  peer: Peer,
  { nowMs, requireCurrentAdmin }: AccessOptions,
): Promise<void> {
  const { caller, identityExpiresAt } = peer
  const mayCall = ACCESS.get(rpc)?.includes(caller.kind) ?? false
  const isExpired = identityExpiresAt !== undefined && identityExpiresAt <= nowMs
  if (isExpired && !(mayCall && OPEN_TO_EXPIRED.has(rpc))) {
    throw identityEnded(peer, nowMs)
  }
  if (!mayCall) throw denied(rpc, caller)
  if (caller.kind === 'admin') await requireCurrentAdmin(caller)
}

/** The refusal of a caller whose certificate has expired. */
export function identityEnded({ caller, identityExpiresAt = 0 }: Peer, now: number): AuthError {
  if (caller.kind === 'bot') return identityExpired(caller, now)
  if (caller.kind === 'node') return nodeIdentityExpired(caller, now)
  const times = `${formatTime(identityExpiresAt)}, and on the hub it is ${formatTime(now)}`
  return new AuthError('identity-expired', `this admin identity has expired at ${times}`, {
    hint: "make a new one on the hub's machine: mezctl admins add",
  })
}

function denied(rpc: string, caller: Caller): AuthError {
  const call = rpc.slice(rpc.indexOf('/') + 1)
  if (caller.kind === 'anyone') {
    return new AuthError('unauthenticated', `${call} needs a certificate of this cluster`, {
      hint: "mezctl works on the hub's machine, or with an admin identity; a bot joins first",
    })
  }
  return new AuthError('permission-denied', `${nameOf(caller)} may not call ${call}`, {
    hint:
      caller.kind === 'bot' || caller.kind === 'node'
        ? `a ${caller.kind} administers nothing: use an admin identity`
        : "this call is for the bearers of a bot's or a node's identity",
  })
}

function nameOf(caller: Caller): string {
  switch (caller.kind) {
    case 'bot':
      return `bot "${caller.bot}"`
    case 'node':
      return `node "${caller.node}"`
    default:
      return `a caller of kind ${caller.kind}`
  }
}
