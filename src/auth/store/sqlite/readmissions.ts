import type { ReadmissionRecord, ReadmissionTarget } from '../../records.ts'
import type { Change, ReadmissionReader } from '../../storage.ts'
import { conflict, readmissionSubject } from '../conditions.ts'
import { requireBot } from './bots.ts'
import type { Connection } from './connection.ts'
import { requireInstance } from './instances.ts'
import { requireNode, requireNodeInstance } from './nodes.ts'
import type { Row } from './row.ts'

export function createReadmissionReader(database: Connection): ReadmissionReader {
  return {
    async get(instanceId) {
      const row = database.get('SELECT * FROM readmissions WHERE instance_id = :instanceId', {
        instanceId,
      })
      return row && toReadmission(row)
    },
    async listForBot(bot) {
      return database
        .all('SELECT * FROM readmissions WHERE bot = :bot ORDER BY created_at, instance_id', {
          bot,
        })
        .map(toReadmission)
    },
  }
}

function toReadmission(row: Row): ReadmissionRecord {
  return {
    id: row.text('id'),
    target: toTarget(row),
    createdAt: row.integer('created_at'),
    createdBy: row.text('created_by'),
    expiresAt: row.integer('expires_at'),
    usedAt: row.has('used_at') ? row.integer('used_at') : undefined,
  }
}

function toTarget(row: Row): ReadmissionTarget {
  const instanceId = row.text('instance_id')
  return row.has('bot')
    ? { kind: 'bot', bot: row.text('bot'), instanceId }
    : { kind: 'node', node: row.text('node'), instanceId }
}

export function putReadmission(database: Connection, readmission: ReadmissionRecord): void {
  const { target } = readmission
  requireTarget(database, target)
  database.run(
    `INSERT OR REPLACE INTO readmissions (instance_id, bot, node, id, created_at, created_by,
                                          expires_at, used_at)
     VALUES (:instance_id, :bot, :node, :id, :created_at, :created_by, :expires_at, :used_at)`,
    {
      instance_id: target.instanceId,
      bot: target.kind === 'bot' ? target.bot : null,
      node: target.kind === 'node' ? target.node : null,
      id: readmission.id,
      created_at: readmission.createdAt,
      created_by: readmission.createdBy,
      expires_at: readmission.expiresAt,
      used_at: readmission.usedAt ?? null,
    },
  )
}

function requireTarget(database: Connection, target: ReadmissionTarget): void {
  if (target.kind === 'node') {
    requireNode(database, target.node)
    requireNodeInstance(database, target.node, target.instanceId)
    return
  }
  requireBot(database, target.bot)
  requireInstance(database, target.bot, target.instanceId)
}

export function useReadmission(
  database: Connection,
  { instanceId, id, usedAt }: Extract<Change, { kind: 'use-readmission' }>,
): void {
  const used = database.run(
    `UPDATE readmissions SET used_at = :used_at
     WHERE instance_id = :instance_id AND id = :id AND used_at IS NULL`,
    { instance_id: instanceId, id, used_at: usedAt },
  )
  if (used === 0) throw conflict(readmissionSubject(instanceId), 'is used, or not there any more')
}

export function deleteReadmission(database: Connection, instanceId: string): void {
  database.run('DELETE FROM readmissions WHERE instance_id = :instanceId', { instanceId })
}
