import type { SessionRecord } from '../../records.ts'
import type { SessionFilter, SessionReader } from '../../storage.ts'
import { exists, missing, sessionSubject } from '../conditions.ts'
import type { Connection } from './connection.ts'
import { countOf } from './counts.ts'
import { requireNode } from './nodes.ts'
import { type Row, storedUnsigned } from './row.ts'

export function createSessionReader(database: Connection): SessionReader {
  return {
    async get(node, id) {
      const row = database.get('SELECT * FROM sessions WHERE node = :node AND id = :id', {
        node,
        id,
      })
      return row && toSession(row)
    },
    async list(filter) {
      const { conditions, parameters } = where(filter)
      return database
        .all(
          `SELECT * FROM sessions ${conditions} ORDER BY started_at DESC, node, id LIMIT :limit`,
          { ...parameters, limit: filter.limit ?? -1 },
        )
        .map(toSession)
    },
    count: async () => countOf(database, 'sessions'),
  }
}

function where({ bot, node }: SessionFilter) {
  const given = Object.entries({ bot, node }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  const conditions = given.map(([name]) => `${name} = :${name}`)
  return {
    conditions: conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '',
    parameters: Object.fromEntries(given),
  }
}

function toSession(row: Row): SessionRecord {
  return {
    id: row.text('id'),
    node: row.text('node'),
    login: row.text('login'),
    bot: row.text('bot'),
    instanceId: row.text('instance_id'),
    certificateSerial: row.unsigned('certificate_serial'),
    address: row.text('address'),
    startedAt: row.integer('started_at'),
  }
}

export function insertSession(database: Connection, session: SessionRecord): void {
  requireNode(database, session.node)
  const inserted = database.run(
    `INSERT INTO sessions (node, id, login, bot, instance_id, certificate_serial, address,
                           started_at)
     VALUES (:node, :id, :login, :bot, :instance_id, :certificate_serial, :address, :started_at)
     ON CONFLICT DO NOTHING`,
    {
      node: session.node,
      id: session.id,
      login: session.login,
      bot: session.bot,
      instance_id: session.instanceId,
      certificate_serial: storedUnsigned(session.certificateSerial),
      address: session.address,
      started_at: session.startedAt,
    },
  )
  if (inserted === 0) throw exists(sessionSubject(session.node, session.id))
}

export function deleteSession(database: Connection, node: string, id: string): void {
  const deleted = database.run('DELETE FROM sessions WHERE node = :node AND id = :id', {
    node,
    id,
  })
  if (deleted === 0) throw missing(sessionSubject(node, id))
}
