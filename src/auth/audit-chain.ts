/**
 * The chain of the audit log: each event's hash is over the event and the hash before it, so that no
 * event can be altered, removed, inserted or moved without changing every hash after it.
 */
import { hash } from 'node:crypto'
import type { StoredAuditEvent } from './audit-event.ts'

/** The last event of the chain, or of a part of it: what the next one is tied to. */
export interface ChainHead {
  readonly sequence: number
  readonly hash: Buffer
}

/** What precedes the first event. */
export const CHAIN_START: ChainHead = { sequence: 0, hash: Buffer.alloc(32) }

/** What an event's hash is over. Fields in whatever order, and none as good as absent. */
export type HashedEvent = Omit<StoredAuditEvent, 'version' | 'hash'>

/**
 * SHA-256 over the hash of the event before and the event itself, as a JSON array in a fixed order
 * in which null stands for what is absent, and no fields for none. This is version 1 of events.
 */
export function chainHash(previous: Uint8Array, event: HashedEvent): Buffer {
  const text = canonicalEvent(event)
  // One buffer, hashed at once: this runs a million times in a verification.
  const bytes = Buffer.allocUnsafe(previous.length + 3 * text.length)
  bytes.set(previous)
  const length = bytes.write(text, previous.length)
  return hash('sha256', bytes.subarray(0, previous.length + length), 'buffer')
}

function canonicalEvent(event: HashedEvent): string {
  const fields = Object.entries(event.fields ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([
    event.sequence,
    event.time,
    event.type,
    event.code,
    event.outcome,
    event.actor,
    event.address,
    event.bot ?? null,
    event.instanceId ?? null,
    fields,
  ])
}
