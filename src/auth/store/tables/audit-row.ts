import { isAuditEventType } from '../../audit-catalogue.ts'
import { auditCode, type StoredAuditEvent } from '../../audit-event.ts'
import { StoreError } from '../../storage.ts'
import type { Values } from '../sql.ts'

/** All but those that are parts of `fields`, in the order in which `toStoredEvent` takes them. */
export const EVENT_COLUMNS =
  'sequence, version, time, type, code, outcome, actor, address, bot, instance_id, fields, hash'

/**
 * Whatever its type: a newer hub may have written it. Events are read by the million, so this takes
 * values by their position.
 *
 * @throws StoreError `damaged`
 */
export function toStoredEvent(values: Values): StoredAuditEvent {
  const [sequence, version, time, type, code, outcome, actor, address, bot, instance] = values
  const fields = values[10]
  const hash = values[11]
  const isWhole =
    typeof sequence === 'number' &&
    typeof version === 'number' &&
    typeof time === 'number' &&
    typeof type === 'string' &&
    (outcome === 'success' || outcome === 'refused') &&
    typeof actor === 'string' &&
    typeof address === 'string' &&
    hash instanceof Uint8Array
  if (!isWhole) throw damaged(sequence)
  return {
    ...{ sequence, version, time, type, outcome, actor, address },
    code: typeof code === 'string' ? code : knownCode(type, outcome),
    ...(typeof bot === 'string' && { bot }),
    ...(typeof instance === 'string' && { instanceId: instance }),
    ...(typeof fields === 'string' && { fields: parseFields(fields, sequence) }),
    hash: Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength),
  }
}

/** Events from before codes were stored are all of types that the catalogue still has. */
function knownCode(type: string, outcome: StoredAuditEvent['outcome']): string {
  return isAuditEventType(type) ? auditCode({ type, outcome }) : ''
}

function parseFields(text: string, sequence: number): Readonly<Record<string, string>> {
  try {
    const fields: unknown = JSON.parse(text)
    if (isTexts(fields)) return fields
  } catch {
    // Told below.
  }
  throw damaged(sequence)
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((each) => typeof each === 'string')
}

function damaged(sequence: unknown): StoreError {
  const what = `the audit log holds an unexpected value in event ${sequence}`
  return new StoreError('damaged', `audit event ${sequence}`, what, {
    hint: 'mezctl audit verify names the first event that is wrong',
  })
}
