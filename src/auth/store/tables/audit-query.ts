/**
 * A page of the audit log. One index leads, the one by which fewest events are to be expected; what
 * else is asked for is checked on its entries. So that no question holds up the hub, a page looks at
 * `MOST_LOOKED_AT` entries and says where the next one goes on.
 */
import type { AuditFilter, AuditPage, AuditQuery } from '../../audit-log.ts'
import type { Parameters, Reading } from '../sql.ts'
import { firstSince, lastUntil, type SequenceRange } from './audit-blocks.ts'
import { auditAnchor } from './audit-pruning.ts'
import { EVENT_COLUMNS, toStoredEvent } from './audit-row.ts'

const MOST_LOOKED_AT = 8_192

interface Condition {
  readonly sql: string
  /** That finds it; undefined: none does. */
  readonly index?: string
  readonly value?: readonly [name: string, value: string | number]
}

function conditionsOf(filter: AuditFilter): readonly Condition[] {
  const { outcome, since, until } = filter
  const conditions: Condition[] = EQUAL.flatMap(([key, column, index]) => {
    const value = filter[key]
    if (value === undefined) return []
    return [{ sql: `${column} = :${column}`, index, value: [column, value] as const }]
  })
  // Written out: a bound value finds no partial index.
  if (outcome === 'refused') {
    conditions.push({ sql: `outcome = 'refused'`, index: 'audit_events_refused' })
  }
  if (outcome === 'success') conditions.push({ sql: `outcome = 'success'` })
  if (since !== undefined) conditions.push({ sql: 'time >= :since', value: ['since', since] })
  if (until !== undefined) conditions.push({ sql: 'time < :until', value: ['until', until] })
  return conditions
}

/** Those first that fewest events can be expected to fulfil. */
const EQUAL = [
  ['session', 'session', 'audit_events_by_session'],
  ['instanceId', 'instance_id', 'audit_events_by_instance'],
  ['bot', 'bot', 'audit_events_by_bot'],
  ['node', 'node', 'audit_events_by_node'],
  ['actor', 'actor', 'audit_events_by_actor'],
  ['type', 'type', 'audit_events_by_type'],
] as const

export async function auditPage(database: Reading, query: AuditQuery): Promise<AuditPage> {
  const order = query.order === 'newest-first' ? 'DESC' : 'ASC'
  const conditions = conditionsOf(query)
  const { leading, first, last, isWhole } = await plan(
    database,
    await rangeOf(database, query),
    conditions,
    order,
  )
  const where = ['sequence BETWEEN :first AND :last', ...conditions.map(({ sql }) => sql)]
  const rows = await database.values(
    `SELECT ${EVENT_COLUMNS} FROM audit_events ${database.indexed(leading?.index)}
     WHERE ${where.join(' AND ')} ORDER BY sequence ${order} LIMIT :limit`,
    { ...parametersOf(conditions), first, last, limit: query.limit + 1 },
  )
  const events = rows.slice(0, query.limit).map(toStoredEvent)
  const lastShown = events.at(-1)
  if (rows.length > query.limit && lastShown) return { events, next: lastShown.sequence }
  if (isWhole) return { events, next: undefined }
  return { events, next: order === 'DESC' ? first : last }
}

async function rangeOf(database: Reading, filter: AuditFilter): Promise<SequenceRange> {
  const { after = 0, before = Number.MAX_SAFE_INTEGER, since, until } = filter
  const anchor = (await auditAnchor(database))?.sequence ?? 0
  const newest = (
    await database.get('SELECT sequence FROM audit_events ORDER BY sequence DESC LIMIT 1')
  )?.integer('sequence')
  return {
    first: Math.max(
      after + 1,
      anchor + 1,
      since === undefined ? 0 : await firstSince(database, since),
    ),
    last: Math.min(
      before - 1,
      newest ?? 0,
      until === undefined ? Number.MAX_SAFE_INTEGER : await lastUntil(database, until),
    ),
  }
}

/** Which index leads, and the part of the range that this page looks at. */
interface Plan extends SequenceRange {
  readonly leading: Condition | undefined
  readonly isWhole: boolean
}

type Order = 'ASC' | 'DESC'

/** The first index leads that has few entries in the range, or else the first. */
async function plan(
  database: Reading,
  range: SequenceRange,
  conditions: readonly Condition[],
  order: Order,
): Promise<Plan> {
  const candidates = conditions.filter(({ index }) => index !== undefined)
  const [leading] = candidates
  if (leading === undefined) return planInOrder(range, conditions, order)
  if (conditions.length === 1) return { leading, ...range, isWhole: true }
  const edges = await Promise.all(
    candidates.map((candidate) => edgeOf(database, range, candidate, order)),
  )
  const selective = edges.indexOf(undefined)
  if (selective >= 0) return { leading: candidates[selective], ...range, isWhole: true }
  const [edge = range.first] = edges
  return { leading, ...cut(range, edge, order), isWhole: false }
}

function planInOrder(range: SequenceRange, conditions: readonly Condition[], order: Order): Plan {
  const { first, last } = range
  const isWhole = conditions.length === 0 || last - first < MOST_LOOKED_AT
  if (isWhole) return { leading: undefined, ...range, isWhole }
  const edge = order === 'DESC' ? last - MOST_LOOKED_AT : first + MOST_LOOKED_AT
  return { leading: undefined, ...cut(range, edge, order), isWhole }
}

/** Where the entries end that one page looks at; undefined where it can look at all. */
async function edgeOf(
  database: Reading,
  { first, last }: SequenceRange,
  leading: Condition,
  order: Order,
): Promise<number | undefined> {
  return (
    await database.get(
      `SELECT sequence FROM audit_events ${database.indexed(leading.index)}
       WHERE ${leading.sql} AND sequence BETWEEN :first AND :last
       ORDER BY sequence ${order} LIMIT 1 OFFSET ${MOST_LOOKED_AT}`,
      { ...parametersOf([leading]), first, last },
    )
  )?.integer('sequence')
}

function cut({ first, last }: SequenceRange, edge: number, order: Order): SequenceRange {
  return order === 'DESC' ? { first: edge + 1, last } : { first, last: edge - 1 }
}

function parametersOf(conditions: readonly Condition[]): Parameters {
  return Object.fromEntries(conditions.flatMap(({ value }) => (value ? [value] : [])))
}
