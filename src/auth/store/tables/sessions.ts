import type { SessionRecord } from '../../records.ts'
import type { SessionFilter, SessionReader } from '../../storage.ts'
import { exists, missing, sessionSubject } from '../conditions.ts'
import { type Row, storedUnsigned } from '../row.ts'
import { type Reading, type Step, write } from '../sql.ts'
import { countOf } from './counts.ts'
import { expectNode } from './nodes.ts'

export function createSessionReader(database: Reading): SessionReader {
  return {
    async get(node, id) {
      const row = await database.get('SELECT * FROM sessions WHERE node = :node AND id = :id', {
        node,
        id,
      })
      return row && toSession(row)
    },
    async list(filter) {
      const { conditions, parameters } = where(filter)
      return (
        await database.all(
          `SELECT * FROM sessions ${conditions} ORDER BY started_at DESC, node, id LIMIT :limit`,
          { ...parameters, limit: filter.limit ?? Number.MAX_SAFE_INTEGER },
        )
      ).map(toSession)
    },
    count: () => countOf(database, 'sessions'),
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

export function insertSession(session: SessionRecord): readonly Step[] {
  return [
    expectNode(session.node),
    write(
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
      () => exists(sessionSubject(session.node, session.id)),
    ),
  ]
}

export function deleteSession(node: string, id: string): readonly Step[] {
  return [
    write('DELETE FROM sessions WHERE node = :node AND id = :id', { node, id }, () =>
      missing(sessionSubject(node, id)),
    ),
  ]
}
