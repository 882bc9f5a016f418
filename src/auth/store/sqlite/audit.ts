import { CHAIN_START, type ChainHead, chainHash } from '../../audit-chain.ts'
import {
  type AuditEvent,
  auditCode,
  EVENT_VERSION,
  type StoredAuditEvent,
} from '../../audit-event.ts'
import type { AuditReader } from '../../audit-log.ts'
import { closeBlock } from './audit-blocks.ts'
import { checkpointBefore, checkpointsIn } from './audit-checkpoints.ts'
import { auditKeys } from './audit-keys.ts'
import { auditAnchor, leftovers } from './audit-pruning.ts'
import { auditPage } from './audit-query.ts'
import { verifyInThread } from './audit-verify-worker.ts'
import type { Connection } from './connection.ts'

/** @param path of the same database, for the thread that verifies it */
export function createAuditReader(database: Connection, path: string): AuditReader {
  return {
    page: async (query) => auditPage(database, query),
    async list({ limit, ...filter }) {
      const events: StoredAuditEvent[] = []
      let before = filter.before
      do {
        const query = { ...filter, before, limit: limit - events.length }
        const page = auditPage(database, { ...query, order: 'newest-first' })
        events.push(...page.events)
        before = page.next
      } while (before !== undefined && events.length < limit)
      return events
    },
    head: async () => chainHead(database),
    async count() {
      // Sequences have no gaps, so nothing has to be counted.
      return chainHead(database).sequence - (auditAnchor(database)?.sequence ?? 0)
    },
    keys: async () => auditKeys(database),
    checkpoints: async (range) => checkpointsIn(database, range),
    checkpointBefore: async (through) => checkpointBefore(database, through),
    anchor: async () => auditAnchor(database),
    verify: (request) => verifyInThread(path, request),
    leftovers: async () => leftovers(database),
  }
}

export function chainHead(database: Connection): ChainHead {
  const row = database.get('SELECT sequence, hash FROM audit_events ORDER BY sequence DESC LIMIT 1')
  if (row) return { sequence: row.integer('sequence'), hash: row.bytes('hash') }
  return auditAnchor(database) ?? CHAIN_START
}

/** Appends an event after `head`, and returns the new head. */
export function appendEvent(database: Connection, head: ChainHead, given: AuditEvent): ChainHead {
  const event = { ...wellFormed(given), sequence: head.sequence + 1, code: auditCode(given) }
  const { sequence, code } = event
  const hash = chainHash(head.hash, event)
  database.run(
    `INSERT INTO audit_events (sequence, version, time, type, code, outcome, actor, address, bot,
                               instance_id, fields, hash)
     VALUES (:sequence, ${EVENT_VERSION}, :time, :type, :code, :outcome, :actor, :address, :bot,
             :instance_id, :fields, :hash)`,
    {
      sequence,
      time: event.time,
      type: event.type,
      code,
      outcome: event.outcome,
      actor: event.actor,
      address: event.address,
      bot: event.bot ?? null,
      instance_id: event.instanceId ?? null,
      fields: event.fields ? JSON.stringify(event.fields) : null,
      hash,
    },
  )
  closeBlock(database, sequence)
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
