import type { Change } from '../../storage.ts'
import { deleteAdmin, insertAdmin } from './admins.ts'
import { insertCheckpoint } from './audit-checkpoints.ts'
import { insertAuditKey } from './audit-keys.ts'
import { dropPrunedEvents, pruneEvents } from './audit-pruning.ts'
import { insertAuthority } from './authorities.ts'
import { deleteBot, expectBot, insertBot, replaceBot, touchBot } from './bots.ts'
import { forgetCertificates, insertCertificate } from './certificates.ts'
import type { Connection } from './connection.ts'
import { insertInstance, replaceInstance } from './instances.ts'
import { deleteLock, insertLock } from './locks.ts'
import { deleteNode, insertNode, replaceNode } from './nodes.ts'
import { deleteReadmission, putReadmission, useReadmission } from './readmissions.ts'
import { recordRestore } from './restores.ts'
import { deleteRole, insertRole, replaceRole } from './roles.ts'
import { deleteSession, insertSession } from './sessions.ts'
import { deleteToken, insertToken, invalidateTokens, redeemToken } from './tokens.ts'

/** @throws StoreError where the change's condition doesn't hold */
export function applyChange(database: Connection, change: Change): void {
  switch (change.kind) {
    case 'insert-role':
      insertRole(database, change.role)
      break
    case 'replace-role':
      replaceRole(database, change.role)
      break
    case 'delete-role':
      deleteRole(database, change.name)
      break
    case 'insert-bot':
      insertBot(database, change.bot)
      break
    case 'replace-bot':
      replaceBot(database, change.bot)
      break
    case 'expect-bot':
      expectBot(database, change.name, change.revision)
      break
    case 'touch-bot':
      touchBot(database, change.name)
      break
    case 'delete-bot':
      deleteBot(database, change.name)
      break
    case 'insert-token':
      insertToken(database, change.token)
      break
    case 'redeem-token':
      redeemToken(database, change.redemption)
      break
    case 'invalidate-tokens':
      invalidateTokens(database, change.bot, change.reason)
      break
    case 'delete-token':
      deleteToken(database, change.id)
      break
    case 'insert-instance':
      insertInstance(database, change.instance)
      break
    case 'replace-instance':
      replaceInstance(database, change.expected, change.instance)
      break
    case 'insert-certificate':
      insertCertificate(database, change.certificate)
      break
    case 'forget-certificates':
      forgetCertificates(database, change.expiredBy)
      break
    case 'insert-node':
      insertNode(database, change.node)
      break
    case 'replace-node':
      replaceNode(database, change.node)
      break
    case 'delete-node':
      deleteNode(database, change.name)
      break
    case 'insert-session':
      insertSession(database, change.session)
      break
    case 'delete-session':
      deleteSession(database, change.node, change.id)
      break
    case 'put-readmission':
      putReadmission(database, change.readmission)
      break
    case 'use-readmission':
      useReadmission(database, change)
      break
    case 'delete-readmission':
      deleteReadmission(database, change.instanceId)
      break
    case 'insert-lock':
      insertLock(database, change.lock)
      break
    case 'delete-lock':
      deleteLock(database, change.id)
      break
    case 'insert-admin':
      insertAdmin(database, change.admin)
      break
    case 'delete-admin':
      deleteAdmin(database, change.name)
      break
    case 'insert-authority':
      insertAuthority(database, change.authority)
      break
    case 'record-restore':
      recordRestore(database, change.restore)
      break
    case 'insert-audit-key':
      insertAuditKey(database, change.key)
      break
    case 'insert-checkpoint':
      insertCheckpoint(database, change.checkpoint)
      break
    case 'prune-events':
      pruneEvents(database, change.anchor)
      break
    case 'drop-pruned-events':
      dropPrunedEvents(database, change.limit)
      break
    default:
      change satisfies never
  }
}
