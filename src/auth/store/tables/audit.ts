import { CHAIN_START, type ChainHead, chainHash } from '../../audit-chain.ts'
import {
  type AuditEvent,
  auditCode,
  EVENT_VERSION,
  type StoredAuditEvent,
} from '../../audit-event.ts'
import type { AuditReader } from '../../audit-log.ts'
import type { Row } from '../row.ts'
import type { Reading } from '../sql.ts'
import { checkpointBefore, checkpointsIn } from './audit-checkpoints.ts'
import { auditKeys } from './audit-keys.ts'
import { auditAnchor, leftovers } from './audit-pruning.ts'
import { auditPage } from './audit-query.ts'

export function createAuditReader(database: Reading, verify: AuditReader['verify']): AuditReader {
  const head = async () => toHead(await database.get(HEAD))
  return {
    page: (query) => auditPage(database, query),
    async list({ limit, ...filter }) {
      const events: StoredAuditEvent[] = []
      let before = filter.before
      do {
        const query = { ...filter, before, limit: limit - events.length }
        const page = await auditPage(database, { ...query, order: 'newest-first' })
        events.push(...page.events)
        before = page.next
      } while (before !== undefined && events.length < limit)
      return events
    },
    head,
    async count() {
      // Sequences have no gaps, so nothing has to be counted.
      return (await head()).sequence - ((await auditAnchor(database))?.sequence ?? 0)
    },
    keys: () => auditKeys(database),
    checkpoints: (range) => checkpointsIn(database, range),
    checkpointBefore: (through) => checkpointBefore(database, through),
    anchor: () => auditAnchor(database),
    verify,
    leftovers: () => leftovers(database),
  }
}

/** The newest event, or the anchor where none is left after it. */
export const HEAD = `
  SELECT sequence, hash
  FROM (SELECT sequence, hash FROM audit_events ORDER BY sequence DESC LIMIT 1) AS newest
  UNION ALL SELECT sequence, hash FROM audit_anchor
  ORDER BY sequence DESC LIMIT 1`

/** @param row what `HEAD` has found */
export function toHead(row: Row | undefined): ChainHead {
  return row ? { sequence: row.integer('sequence'), hash: row.bytes('hash') } : CHAIN_START
}

/** An event as it is stored after `head`, and the new head. */
export function chainEvent(head: ChainHead, given: AuditEvent) {
  const event = { ...wellFormed(given), sequence: head.sequence + 1, code: auditCode(given) }
  const hash = chainHash(head.hash, event)
  return { head: { sequence: event.sequence, hash }, row: toRow(event, hash) }
}

function toRow(event: AuditEvent & Pick<StoredAuditEvent, 'sequence' | 'code'>, hash: Buffer) {
  return {
    sequence: event.sequence,
    version: EVENT_VERSION,
    time: event.time,
    type: event.type,
    code: event.code,
    outcome: event.outcome,
    actor: event.actor,
    address: event.address,
    bot: event.bot ?? null,
    instance_id: event.instanceId ?? null,
    fields: event.fields ? JSON.stringify(event.fields) : null,
    hash,
  }
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
