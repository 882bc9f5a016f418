import type { Change } from '../storage.ts'
import type { Step } from './sql.ts'
import { deleteAdmin, insertAdmin } from './tables/admins.ts'
import { insertCheckpoint } from './tables/audit-checkpoints.ts'
import { insertAuditKey } from './tables/audit-keys.ts'
import { dropPrunedEvents, pruneEvents } from './tables/audit-pruning.ts'
import {
  deleteAuthority,
  insertAuthority,
  moveAuthority,
  resealKeys,
} from './tables/authorities.ts'
import { deleteBot, expectBot, insertBot, replaceBot, touchBot } from './tables/bots.ts'
import { forgetCertificates, insertCertificate } from './tables/certificates.ts'
import { insertInstance, replaceInstance } from './tables/instances.ts'
import { deleteLock, insertLock } from './tables/locks.ts'
import { deleteNode, insertNode, replaceNode } from './tables/nodes.ts'
import { deleteReadmission, putReadmission, useReadmission } from './tables/readmissions.ts'
import { recordRestore } from './tables/restores.ts'
import { deleteRole, insertRole, replaceRole } from './tables/roles.ts'
import { deleteSession, insertSession } from './tables/sessions.ts'
import { deleteToken, insertToken, invalidateTokens, redeemToken } from './tables/tokens.ts'
import { clearTrustReports, putTrustReport } from './tables/trust-reports.ts'

/** The statements of a change, with the conditions on which it rests. */
export function stepsOf(change: Change): readonly Step[] {
  switch (change.kind) {
    case 'insert-role':
      return insertRole(change.role)
    case 'replace-role':
      return replaceRole(change.role)
    case 'delete-role':
      return deleteRole(change.name)
    case 'insert-bot':
      return insertBot(change.bot)
    case 'replace-bot':
      return replaceBot(change.bot)
    case 'expect-bot':
      return expectBot(change.name, change.revision)
    case 'touch-bot':
      return touchBot(change.name)
    case 'delete-bot':
      return deleteBot(change.name)
    case 'insert-token':
      return insertToken(change.token)
    case 'redeem-token':
      return redeemToken(change.redemption)
    case 'invalidate-tokens':
      return invalidateTokens(change.bot, change.reason)
    case 'delete-token':
      return deleteToken(change.id)
    case 'insert-instance':
      return insertInstance(change.instance)
    case 'replace-instance':
      return replaceInstance(change.expected, change.instance)
    case 'insert-certificate':
      return insertCertificate(change.certificate)
    case 'forget-certificates':
      return forgetCertificates(change.expiredBy)
    case 'insert-node':
      return insertNode(change.node)
    case 'replace-node':
      return replaceNode(change.node)
    case 'delete-node':
      return deleteNode(change.name)
    case 'insert-session':
      return insertSession(change.session)
    case 'delete-session':
      return deleteSession(change.node, change.id)
    case 'put-readmission':
      return putReadmission(change.readmission)
    case 'use-readmission':
      return useReadmission(change)
    case 'delete-readmission':
      return deleteReadmission(change.instanceId)
    case 'insert-lock':
      return insertLock(change.lock)
    case 'delete-lock':
      return deleteLock(change.id)
    case 'insert-admin':
      return insertAdmin(change.admin)
    case 'delete-admin':
      return deleteAdmin(change.name)
    case 'insert-authority':
      return insertAuthority(change.authority)
    case 'move-authority':
      return moveAuthority(change.id, change.expected, change.rotation)
    case 'delete-authority':
      return deleteAuthority(change.id, change.expected)
    case 'reseal-keys':
      return resealKeys(change)
    case 'put-trust-report':
      return putTrustReport(change.report)
    case 'clear-trust-reports':
      return clearTrustReports()
    case 'record-restore':
      return recordRestore(change.restore)
    case 'insert-audit-key':
      return insertAuditKey(change.key)
    case 'insert-checkpoint':
      return insertCheckpoint(change.checkpoint)
    case 'prune-events':
      return pruneEvents(change.anchor)
    case 'drop-pruned-events':
      return dropPrunedEvents(change.limit)
  }
}
