import { isAuditEventType } from '../../audit-catalogue.ts'
import { auditCode, type StoredAuditEvent } from '../../audit-event.ts'
import type { Row } from './row.ts'

/** All but those that are parts of `fields`. */
export const EVENT_COLUMNS =
  'sequence, version, time, type, code, outcome, actor, address, bot, instance_id, fields, hash'

/** Whatever its type: a newer hub may have written it. */
export function toStoredEvent(row: Row): StoredAuditEvent {
  const type = row.text('type')
  const outcome = row.oneOf('outcome', ['success', 'refused'])
  return {
    sequence: row.integer('sequence'),
    version: row.integer('version'),
    time: row.integer('time'),
    type,
    outcome,
    code: row.has('code') ? row.text('code') : knownCode(type, outcome),
    actor: row.text('actor'),
    address: row.text('address'),
    ...(row.has('bot') && { bot: row.text('bot') }),
    ...(row.has('instance_id') && { instanceId: row.text('instance_id') }),
    ...(row.has('fields') && { fields: row.textsByName('fields') }),
    hash: row.bytes('hash'),
  }
}

/** Events from before codes were stored are all of types that the catalogue still has. */
function knownCode(type: string, outcome: StoredAuditEvent['outcome']): string {
  return isAuditEventType(type) ? auditCode({ type, outcome }) : ''
}
