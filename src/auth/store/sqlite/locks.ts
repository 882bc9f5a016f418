import type { LockRecord, LockTarget } from '../../records.ts'
import type { LockReader } from '../../storage.ts'
import { exists, instanceSubject, lockSubject, missing } from '../conditions.ts'
import { requireBot } from './bots.ts'
import type { Connection } from './connection.ts'
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
  const bot = row.text('bot')
  return {
    id: row.text('id'),
    target: row.has('instance_id')
      ? { kind: 'instance', bot, instanceId: row.text('instance_id') }
      : { kind: 'bot', bot },
    message: row.text('message'),
    createdAt: row.integer('created_at'),
    createdBy: row.text('created_by'),
    expiresAt: row.has('expires_at') ? row.integer('expires_at') : undefined,
  }
}

export function insertLock(database: Connection, lock: LockRecord): void {
  requireTarget(database, lock.target)
  const inserted = database.run(
    `INSERT INTO locks (id, bot, instance_id, message, created_at, created_by, expires_at)
     VALUES (:id, :bot, :instance_id, :message, :created_at, :created_by, :expires_at)
     ON CONFLICT DO NOTHING`,
    {
      id: lock.id,
      bot: lock.target.bot,
      instance_id: lock.target.kind === 'instance' ? lock.target.instanceId : null,
      message: lock.message,
      created_at: lock.createdAt,
      created_by: lock.createdBy,
      expires_at: lock.expiresAt ?? null,
    },
  )
  if (inserted === 0) throw exists(lockSubject(lock.id))
}

function requireTarget(database: Connection, target: LockTarget): void {
  requireBot(database, target.bot)
  if (target.kind === 'bot') return
  const row = database.get('SELECT 1 FROM instances WHERE id = :id AND bot = :bot', {
    id: target.instanceId,
    bot: target.bot,
  })
  if (!row) throw missing(instanceSubject(target.instanceId))
}

export function deleteLock(database: Connection, id: string): void {
  const deleted = database.run('DELETE FROM locks WHERE id = :id', { id })
  if (deleted === 0) throw missing(lockSubject(id))
}
