/**
 * Audit events: one for each act, and one for each refusal that matters. An event is stored in the
 * transaction of the act that it tells of, and chained by hash to the event before it
 * (audit-chain.ts). Which events there are stands in audit-catalogue.ts.
 */
import { type AuditEventType, type AuditOutcome, auditForm } from './audit-catalogue.ts'

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
export interface StoredAuditEvent extends Omit<AuditEvent, 'type'> {
  /** From 1, without gaps. */
  readonly sequence: number
  /** Which form of event it is: see `EVENT_VERSION`. */
  readonly version: number
  /** One of the catalogue's, or one that a newer hub has added to it. */
  readonly type: string
  readonly code: string
  /** SHA-256 over the hash before it and this event: see `chainHash`. */
  readonly hash: Buffer
}

/**
 * The form in which events are written now: which parts they have, and what their hash is over. A
 * new type of event is no new version: whoever doesn't know it reads, shows and verifies it all the
 * same.
 */
export const EVENT_VERSION = 1

/** Empty where the catalogue has no such event. */
export function auditCode(event: Pick<AuditEvent, 'type' | 'outcome'>): string {
  return auditForm(event.type, event.outcome)?.code ?? ''
}
