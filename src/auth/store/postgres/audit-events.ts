import type { ChainHead } from '../../audit-chain.ts'
import type { AuditEvent } from '../../audit-event.ts'
import { chainEvent } from '../tables/audit.ts'
import { BLOCK_SIZE, closeBlock } from '../tables/audit-blocks.ts'
import type { Connection } from './connection.ts'
import { storedText } from './text.ts'

/** Appends the events after `head`, in one statement. Returns what has been sent. */
export function appendEvents(
  connection: Connection,
  head: ChainHead,
  events: readonly AuditEvent[],
): readonly Promise<unknown>[] {
  if (events.length === 0) return []
  let last = head
  const rows = events.map((event) => {
    const { head: next, row } = chainEvent(last, event)
    const { node = null, session = null } = event.fields ?? {}
    last = next
    return { ...stored({ ...row, node, session }), hash: row.hash.toString('hex') }
  })
  const insert = connection.run(
    `INSERT INTO audit_events (sequence, version, time, type, code, outcome, actor, address, bot,
                               instance_id, node, session, fields, hash)
     SELECT sequence, version, time, type, code, outcome, actor, address, bot, instance_id, node,
            session, fields, decode(hash, 'hex')
     FROM jsonb_to_recordset(:rows) AS new (
       sequence bigint, version bigint, time bigint, type text, code text, outcome text,
       actor text, address text, bot text, instance_id text, node text, session text,
       fields text, hash text)`,
    { rows: JSON.stringify(rows) },
  )
  return [insert, ...blocksEndingIn(head, last).map((end) => connection.step(closeBlock(end)))]
}

/** The last events of the blocks that are full now. */
function blocksEndingIn(before: ChainHead, after: ChainHead): readonly number[] {
  const first = Math.floor(before.sequence / BLOCK_SIZE) + 1
  const count = Math.floor(after.sequence / BLOCK_SIZE) - first + 1
  return Array.from({ length: Math.max(0, count) }, (_, index) => (first + index) * BLOCK_SIZE)
}

function stored(row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(row).map(([key, it]) => [key, typeof it === 'string' ? storedText(it) : it]),
  )
}
