import type { ReadmissionRecord, ReadmissionTarget } from '../../records.ts'
import type { Change, ReadmissionReader } from '../../storage.ts'
import { conflict, readmissionSubject } from '../conditions.ts'
import type { Row } from '../row.ts'
import { type Reading, type Step, write } from '../sql.ts'
import { expectBotNamed } from './bots.ts'
import { expectInstance } from './instances.ts'
import { expectNode, expectNodeInstance } from './nodes.ts'

export function createReadmissionReader(database: Reading): ReadmissionReader {
  return {
    async get(instanceId) {
      const row = await database.get('SELECT * FROM readmissions WHERE instance_id = :instanceId', {
        instanceId,
      })
      return row && toReadmission(row)
    },
    async listForBot(bot) {
      return (
        await database.all(
          'SELECT * FROM readmissions WHERE bot = :bot ORDER BY created_at, instance_id',
          {
            bot,
          },
        )
      ).map(toReadmission)
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

export function putReadmission(readmission: ReadmissionRecord): readonly Step[] {
  const { target } = readmission
  return [
    ...expectTarget(target),
    write('DELETE FROM readmissions WHERE instance_id = :instance_id', {
      instance_id: target.instanceId,
    }),
    write(
      `INSERT INTO readmissions (instance_id, bot, node, id, created_at, created_by, expires_at,
                                 used_at)
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
    ),
  ]
}

function expectTarget(target: ReadmissionTarget): readonly Step[] {
  if (target.kind === 'node') {
    return [expectNode(target.node), expectNodeInstance(target.node, target.instanceId)]
  }
  return [expectBotNamed(target.bot), expectInstance(target.bot, target.instanceId)]
}

export function useReadmission({
  instanceId,
  id,
  usedAt,
}: Extract<Change, { kind: 'use-readmission' }>): readonly Step[] {
  return [
    write(
      `UPDATE readmissions SET used_at = :used_at
       WHERE instance_id = :instance_id AND id = :id AND used_at IS NULL`,
      { instance_id: instanceId, id, used_at: usedAt },
      () => conflict(readmissionSubject(instanceId), 'is used, or not there any more'),
    ),
  ]
}

export function deleteReadmission(instanceId: string): readonly Step[] {
  return [
    write('DELETE FROM readmissions WHERE instance_id = :instance_id', { instance_id: instanceId }),
  ]
}
