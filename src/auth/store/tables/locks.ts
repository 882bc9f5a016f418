import type { LockRecord, LockTarget } from '../../records.ts'
import type { LockReader } from '../../storage.ts'
import { exists, lockSubject, missing } from '../conditions.ts'
import type { Row } from '../row.ts'
import { type Reading, type Step, write } from '../sql.ts'
import { expectBotNamed } from './bots.ts'
import { expectInstance } from './instances.ts'
import { expectNode } from './nodes.ts'
import { expectRole } from './roles.ts'

export function createLockReader(database: Reading): LockReader {
  return {
    async list() {
      return (await database.all('SELECT * FROM locks ORDER BY created_at, id')).map(toLock)
    },
    async listForBot(bot) {
      return (
        await database.all('SELECT * FROM locks WHERE bot = :bot ORDER BY created_at, id', { bot })
      ).map(toLock)
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

export function insertLock(lock: LockRecord): readonly Step[] {
  return [
    ...expectTarget(lock.target),
    write(
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
      () => exists(lockSubject(lock.id)),
    ),
  ]
}

function expectTarget(target: LockTarget): readonly Step[] {
  switch (target.kind) {
    case 'bot':
      return [expectBotNamed(target.bot)]
    case 'instance':
      return [expectBotNamed(target.bot), expectInstance(target.bot, target.instanceId)]
    case 'node':
      return [expectNode(target.node)]
    case 'role':
      return [expectRole(target.role)]
    case 'login':
      // An account of some machine: nothing to look up here.
      return []
  }
}

export function deleteLock(id: string): readonly Step[] {
  return [write('DELETE FROM locks WHERE id = :id', { id }, () => missing(lockSubject(id)))]
}
