import type { LockRecord, LockTarget } from '../../records.ts'
import type { LockReader } from '../../storage.ts'
import { exists, lockSubject, missing } from '../conditions.ts'
import { requireBot } from './bots.ts'
import type { Connection } from './connection.ts'
import { requireInstance } from './instances.ts'
import { requireNode } from './nodes.ts'
import { requireRole } from './roles.ts'
import type { Row } from './row.ts'

export function createLockReader(database: Connection): LockReader {
  return {
    async list() {
      return database.all('SELECT * FROM locks ORDER BY created_at, id').map(toLock)
    },
    async listForBot(bot) {
      return database
        .all('SELECT * FROM locks WHERE bot = :bot ORDER BY created_at, id', { bot })
        .map(toLock)
    },
  }
}

function toLock(row: Row): LockRecord {
  return {
    id: row.text('id'),
    target: toTarget(row),
    message: row.text('message'),
    createdAt: row.integer('created_at'),
    createdBy: row.text('created_by'),
    expiresAt: row.has('expires_at') ? row.integer('expires_at') : undefined,
  }
}

function toTarget(row: Row): LockTarget {
  if (row.has('instance_id')) {
    return { kind: 'instance', bot: row.text('bot'), instanceId: row.text('instance_id') }
  }
  if (row.has('bot')) return { kind: 'bot', bot: row.text('bot') }
  if (row.has('node')) return { kind: 'node', node: row.text('node') }
  if (row.has('role')) return { kind: 'role', role: row.text('role') }
  return { kind: 'login', login: row.text('login') }
}

const NO_TARGET = { bot: null, instance_id: null, node: null, role: null, login: null }

function targetParameters(target: LockTarget) {
  switch (target.kind) {
    case 'bot':
      return { ...NO_TARGET, bot: target.bot }
    case 'instance':
      return { ...NO_TARGET, bot: target.bot, instance_id: target.instanceId }
    case 'node':
      return { ...NO_TARGET, node: target.node }
    case 'role':
      return { ...NO_TARGET, role: target.role }
    case 'login':
      return { ...NO_TARGET, login: target.login }
  }
}

export function insertLock(database: Connection, lock: LockRecord): void {
  requireTarget(database, lock.target)
  const inserted = database.run(
    `INSERT INTO locks (id, bot, instance_id, node, role, login, message, created_at, created_by,
                        expires_at)
     VALUES (:id, :bot, :instance_id, :node, :role, :login, :message, :created_at, :created_by,
             :expires_at)
     ON CONFLICT DO NOTHING`,
    {
      id: lock.id,
      ...targetParameters(lock.target),
      message: lock.message,
      created_at: lock.createdAt,
      created_by: lock.createdBy,
      expires_at: lock.expiresAt ?? null,
    },
  )
  if (inserted === 0) throw exists(lockSubject(lock.id))
}

function requireTarget(database: Connection, target: LockTarget): void {
  switch (target.kind) {
    case 'bot':
      requireBot(database, target.bot)
      break
    case 'instance':
      requireBot(database, target.bot)
      requireInstance(database, target.bot, target.instanceId)
      break
    case 'node':
      requireNode(database, target.node)
      break
    case 'role':
      requireRole(database, target.role)
      break
    case 'login':
      // An account of some machine: nothing to look up here.
      break
    default:
      target satisfies never
  }
}

export function deleteLock(database: Connection, id: string): void {
  const deleted = database.run('DELETE FROM locks WHERE id = :id', { id })
  if (deleted === 0) throw missing(lockSubject(id))
}
