import {
  type AuditEvent,
  auditCode,
  CHAIN_START,
  chainHash,
  isAuditEventType,
  type StoredAuditEvent,
} from '../../audit-event.ts'
import { type AuditFilter, type AuditReader, StoreError } from '../../storage.ts'
import type { Connection, Parameters } from './connection.ts'
import type { Row } from './row.ts'

/** The last event of the chain: what the next one is tied to. */
export interface ChainHead {
  readonly sequence: number
  readonly hash: Uint8Array
}

export function createAuditReader(database: Connection): AuditReader {
  return {
    async list(filter) {
      const { conditions, parameters } = where(filter)
      return database
        .all(
          `SELECT * FROM audit_events ${conditions} ORDER BY sequence DESC LIMIT :limit`,
          parameters,
        )
        .map(toStoredEvent)
    },
    async count() {
      // Sequences have no gaps: the last one counts them all, however many they are.
      return chainHead(database).sequence
    },
  }
}

const CONDITIONS: readonly (readonly [Exclude<keyof AuditFilter, 'limit'>, string])[] = [
  ['before', 'sequence < :before'],
  ['type', 'type = :type'],
  ['bot', 'bot = :bot'],
  ['instanceId', 'instance_id = :instanceId'],
  ['outcome', 'outcome = :outcome'],
  ['since', 'time >= :since'],
  ['until', 'time < :until'],
]

function where(filter: AuditFilter): { conditions: string; parameters: Parameters } {
  const conditions: string[] = []
  const parameters: Record<string, string | number> = { limit: filter.limit }
  for (const [name, condition] of CONDITIONS) {
    const value = filter[name]
    if (value === undefined) continue
    conditions.push(condition)
    parameters[name] = value
  }
  return {
    conditions: conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '',
    parameters,
  }
}

function toStoredEvent(row: Row): StoredAuditEvent {
  const type = row.text('type')
  if (!isAuditEventType(type)) {
    throw new StoreError('damaged', 'store', `"${type}" is not a type of audit event`, {
      hint: 'a newer mezhub may have written it: run that one',
    })
  }
  const outcome = row.oneOf('outcome', ['success', 'refused'])
  return {
    sequence: row.integer('sequence'),
    time: row.integer('time'),
    type,
    outcome,
    code: auditCode({ type, outcome }),
    actor: row.text('actor'),
    address: row.text('address'),
    ...(row.has('bot') && { bot: row.text('bot') }),
    ...(row.has('instance_id') && { instanceId: row.text('instance_id') }),
    ...(row.has('fields') && { fields: parseFields(row.text('fields')) }),
    hash: row.bytes('hash'),
  }
}

function parseFields(json: string): Readonly<Record<string, string>> {
  const fields: unknown = JSON.parse(json)
  return Object.fromEntries(Object.entries(fields ?? {}).map(([key, value]) => [key, `${value}`]))
}

export function chainHead(database: Connection): ChainHead {
  const row = database.get('SELECT sequence, hash FROM audit_events ORDER BY sequence DESC LIMIT 1')
  return row
    ? { sequence: row.integer('sequence'), hash: row.bytes('hash') }
    : { sequence: 0, hash: CHAIN_START }
}

/** Appends an event after `head`, and returns the new head. */
export function appendEvent(database: Connection, head: ChainHead, given: AuditEvent): ChainHead {
  const event = wellFormed(given)
  const sequence = head.sequence + 1
  const hash = chainHash(head.hash, sequence, event)
  database.run(
    `INSERT INTO audit_events (sequence, time, type, outcome, actor, address, bot, instance_id,
                               fields, hash)
     VALUES (:sequence, :time, :type, :outcome, :actor, :address, :bot, :instance_id,
             :fields, :hash)`,
    {
      sequence,
      time: event.time,
      type: event.type,
      outcome: event.outcome,
      actor: event.actor,
      address: event.address,
      bot: event.bot ?? null,
      instance_id: event.instanceId ?? null,
      fields: event.fields ? JSON.stringify(event.fields) : null,
      hash,
    },
  )
  return { sequence, hash }
}

/**
 * UTF-8 has no lone surrogates, JSON escapes them: the hash must be over what will be read back.
 * `fields` are stored as JSON and so come back as they are.
 */
function wellFormed(event: AuditEvent): AuditEvent {
  return {
    ...event,
    actor: event.actor.toWellFormed(),
    address: event.address.toWellFormed(),
    bot: event.bot?.toWellFormed(),
    instanceId: event.instanceId?.toWellFormed(),
  }
}
