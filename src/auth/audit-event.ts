/**
 * Audit events: one for each act, and one for each refusal that matters. An event is stored in the
 * transaction of the act that it tells of, and chained by hash to the event before it.
 */
import { sha256 } from '../base/bytes.ts'

/**
 * Every type of event, with the code that it carries on success and, where the act can be refused,
 * on refusal. Codes never change their meaning; new ones are appended.
 */
export const AUDIT_EVENTS = {
  'hub.start': { success: 'MZ1001I' },
  'authority.create': { success: 'MZ1002I' },
  'admin.create': { success: 'MZ1101I' },
  'admin.remove': { success: 'MZ1102I' },
  'role.create': { success: 'MZ2001I' },
  'role.update': { success: 'MZ2002I' },
  'role.remove': { success: 'MZ2003I' },
  'bot.create': { success: 'MZ3001I' },
  'bot.update': { success: 'MZ3002I' },
  'bot.remove': { success: 'MZ3003I' },
  'token.create': { success: 'MZ3101I' },
  'token.rotate': { success: 'MZ3102I' },
  'lock.create': { success: 'MZ3201I' },
  'lock.remove': { success: 'MZ3202I' },
  'bot.join': { success: 'MZ4001I', refused: 'MZ4001W' },
  'bot.renew': { success: 'MZ4002I', refused: 'MZ4002W' },
  'token.remove': { success: 'MZ3103I' },
  'node.join': { success: 'MZ6001I', refused: 'MZ6001W' },
  'node.renew': { success: 'MZ6002I', refused: 'MZ6002W' },
  'node.update': { success: 'MZ6003I' },
  'node.remove': { success: 'MZ6004I' },
  'node.leave': { success: 'MZ6005I' },
  'session.start': { success: 'MZ7001I' },
  'session.end': { success: 'MZ7002I' },
  'session.terminate': { success: 'MZ7003I' },
  'rpc.denied': { refused: 'MZ5001W' },
} as const satisfies Record<string, { success?: string; refused?: string }>

export type AuditEventType = keyof typeof AUDIT_EVENTS
export type AuditOutcome = 'success' | 'refused'

export interface AuditEvent {
  readonly time: number
  readonly type: AuditEventType
  readonly outcome: AuditOutcome
  /** `local`, `admin:NAME`, `bot:NAME`, `node:NAME`, `hub` or `anyone`. */
  readonly actor: string
  /** Where the caller is: an IP address; empty for the hub itself and its unix socket. */
  readonly address: string
  readonly bot?: string | undefined
  readonly instanceId?: string | undefined
  /** What else there is to say, by the type of event. Never a secret. */
  readonly fields?: Readonly<Record<string, string>>
}

/** An event as it stands in the log. */
export interface StoredAuditEvent extends AuditEvent {
  /** From 1, without gaps. */
  readonly sequence: number
  readonly code: string
  /** SHA-256 over the hash before it and this event: see `chainHash`. */
  readonly hash: Buffer
}

export function isAuditEventType(text: string): text is AuditEventType {
  return Object.hasOwn(AUDIT_EVENTS, text)
}

export function auditCode(event: Pick<AuditEvent, 'type' | 'outcome'>): string {
  const codes: { success?: string; refused?: string } = AUDIT_EVENTS[event.type]
  return codes[event.outcome] ?? ''
}

/** What precedes the first event in the chain. */
export const CHAIN_START: Buffer = Buffer.alloc(32)

/**
 * SHA-256 over the hash of the event before and the event itself, as a JSON array in a fixed order
 * in which null stands for what is absent, and no fields for none.
 */
export function chainHash(previous: Uint8Array, sequence: number, event: AuditEvent): Buffer {
  return sha256(previous, Buffer.from(canonicalEvent(sequence, event)))
}

function canonicalEvent(sequence: number, event: AuditEvent): string {
  const fields = Object.entries(event.fields ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([
    sequence,
    event.time,
    event.type,
    auditCode(event),
    event.outcome,
    event.actor,
    event.address,
    event.bot ?? null,
    event.instanceId ?? null,
    fields,
  ])
}
