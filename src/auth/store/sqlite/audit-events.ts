import type { ChainHead } from '../../audit-chain.ts'
import type { AuditEvent } from '../../audit-event.ts'
import { chainEvent } from '../tables/audit.ts'
import { BLOCK_SIZE, closeBlock } from '../tables/audit-blocks.ts'
import { runStep } from './apply.ts'
import type { Connection } from './connection.ts'

/** Appends an event after `head`, and returns the new head. */
export function appendEvent(database: Connection, head: ChainHead, event: AuditEvent): ChainHead {
  const appended = chainEvent(head, event)
  database.run(
    `INSERT INTO audit_events (sequence, version, time, type, code, outcome, actor, address, bot,
                               instance_id, fields, hash)
     VALUES (:sequence, :version, :time, :type, :code, :outcome, :actor, :address, :bot,
             :instance_id, :fields, :hash)`,
    appended.row,
  )
  const { sequence } = appended.head
  if (sequence % BLOCK_SIZE === 0) runStep(database, closeBlock(sequence))
  return appended.head
}
