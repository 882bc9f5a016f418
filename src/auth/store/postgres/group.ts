/**
 * A group of acts in one transaction. It begins by locking the row of `hub`, which every hub does, so
 * groups of all hubs come one after another, and so do the events of the audit chain.
 *
 * Two ways there and back: first everything that the acts ask and change, as if none were refused;
 * then, with the head of the chain known, their events, the group's row in `changes`, and COMMIT.
 * Where an act is refused, that is taken back and each act done in a savepoint of its own.
 */
import { messageOf } from '../../../base/errors.ts'
import type { ChainHead } from '../../audit-chain.ts'
import { type Act, StoreError } from '../../storage.ts'
import type { Step } from '../sql.ts'
import { stepsOf } from '../steps.ts'
import { HEAD, toHead } from '../tables/audit.ts'
import { formatActs } from './act-text.ts'
import { appendEvents } from './audit-events.ts'
import type { Connection } from './connection.ts'
import { type Group, groupsAfter } from './feed.ts'
import { requireCompatible } from './migrations/migrate.ts'

export const CHANNEL = 'mezite_changes'

/** Statements that are sent before an answer is waited for. */
const MOST_AT_ONCE = 1_024

/** How long other hubs find a group, and so does a hub that doesn't know whether it was committed. */
const KEPT = '10 minutes'

export interface Committed {
  /** For each act: undefined where it is applied and durable, or why nothing of it is. */
  readonly outcomes: readonly (StoreError | undefined)[]
  /** Groups of other hubs that came before, after `told`; then this one, if anything was applied. */
  readonly groups: readonly Group[]
}

/** The connection was lost after COMMIT was sent: the group is committed, or it isn't. */
export class OutcomeUnknown extends StoreError {
  readonly committed: Committed

  constructor(cause: StoreError, committed: Committed) {
    super('unavailable', 'store', `${cause.message}, and whether the act is done is not known`, {
      hint: 'ask for it again: what is done already is told',
      cause,
    })
    this.committed = committed
  }
}

/**
 * @param id of this group, never used before
 * @param told after which the groups of other hubs are wanted
 * @throws StoreError where nothing was applied; OutcomeUnknown
 */
export async function commitGroup(
  connection: Connection,
  id: string,
  acts: readonly Act[],
  told: number,
): Promise<Committed> {
  const begun = connection.run('BEGIN')
  const locked = lockHub(connection)
  const before = [
    connection.get(HEAD),
    groupsAfter(connection, told),
    connection.run('SAVEPOINT acts'),
  ] as const
  const tried = tryAll(connection, acts)
  // All of them, so that none is left without somebody who waits for it.
  await Promise.allSettled([begun, locked, ...before, tried])
  if (connection.broken) throw connection.broken
  try {
    await begun
    const sequence = await locked
    const [head, others] = await Promise.all(before)
    const areAllApplied = await tried
    const outcomes = areAllApplied ? acts.map(() => undefined) : await oneByOne(connection, acts)
    const applied = acts.filter((_, index) => outcomes[index] === undefined)
    if (applied.length === 0) {
      await connection.run('ROLLBACK')
      return { outcomes, groups: others }
    }
    const groups = [...others, { sequence, acts: applied }]
    await finish(connection, id, { sequence, acts: applied }, toHead(head), { outcomes, groups })
    return { outcomes, groups }
  } catch (error) {
    if (!connection.broken) await connection.run('ROLLBACK').catch(() => {})
    throw error
  }
}

/** Whether the group is committed. No other transaction can be about to do so: it would hold the row. */
export async function isCommitted(connection: Connection, id: string): Promise<boolean> {
  await connection.run('BEGIN')
  await connection.get('SELECT 1 FROM hub FOR UPDATE')
  const found = await connection.get('SELECT 1 FROM changes WHERE id = :id', { id })
  await connection.run('ROLLBACK')
  return found !== undefined
}

/** The sequence of the next group. */
async function lockHub(connection: Connection): Promise<number> {
  const row = await connection.get(
    `UPDATE hub SET change_sequence = change_sequence + 1
     RETURNING change_sequence, oldest_compatible`,
  )
  if (!row) throw new StoreError('damaged', 'store', 'the row of the cluster is gone')
  requireCompatible(row.integer('oldest_compatible'))
  return row.integer('change_sequence')
}

/** Whether all are applied, in the transaction that is open. Where not, it has stopped on the way. */
async function tryAll(connection: Connection, acts: readonly Act[]): Promise<boolean> {
  try {
    const steps = acts.flatMap(({ changes }) => stepsOfAct(changes))
    return (await runSteps(connection, steps)) === undefined
  } catch (error) {
    if (connection.broken || !(error instanceof StoreError)) throw error
    // Whose fault it is shows where each is done alone.
    return false
  }
}

/** Undefined where the act is applied, in the transaction that is open. */
async function tryAct(connection: Connection, { changes }: Act): Promise<StoreError | undefined> {
  try {
    return await runSteps(connection, stepsOfAct(changes))
  } catch (error) {
    // The values of this act, and nothing else, were at fault.
    if (error instanceof StoreError && error.subject === 'act') return error
    throw error
  }
}

/** Many at once, but not without bound. Returns the first refusal: what comes after it says nothing. */
async function runSteps(
  connection: Connection,
  steps: readonly Step[],
): Promise<StoreError | undefined> {
  for (let start = 0; start < steps.length; start += MOST_AT_ONCE) {
    const some = steps.slice(start, start + MOST_AT_ONCE)
    const found = await Promise.allSettled(some.map((step) => connection.step(step)))
    for (const step of found) {
      if (step.status === 'rejected') throw step.reason
      if (step.value) return step.value
    }
  }
  return undefined
}

/** @throws StoreError for values that nothing can be stored of */
function stepsOfAct(changes: Act['changes']): readonly Step[] {
  try {
    return changes.flatMap((change) => stepsOf(change))
  } catch (cause) {
    const what = `the act can't be stored: ${messageOf(cause)}`
    throw new StoreError('unavailable', 'act', what, { cause })
  }
}

async function oneByOne(
  connection: Connection,
  acts: readonly Act[],
): Promise<readonly (StoreError | undefined)[]> {
  await connection.run('ROLLBACK TO acts')
  const outcomes: (StoreError | undefined)[] = []
  for (const act of acts) {
    const [, outcome] = await Promise.all([
      connection.run('SAVEPOINT act'),
      tryAct(connection, act),
    ])
    if (outcome) await connection.run('ROLLBACK TO act')
    outcomes.push(outcome)
  }
  return outcomes
}

async function finish(
  connection: Connection,
  id: string,
  { sequence, acts }: Group,
  head: ChainHead,
  committed: Committed,
): Promise<void> {
  const sent = [
    ...appendEvents(
      connection,
      head,
      acts.flatMap(({ events }) => events),
    ),
    connection.run('INSERT INTO changes (sequence, id, acts) VALUES (:sequence, :id, :acts)', {
      sequence,
      id,
      acts: formatActs(acts),
    }),
    connection.run(
      `DELETE FROM changes WHERE sequence IN (
         SELECT sequence FROM changes WHERE committed_at < now() - interval '${KEPT}'
         ORDER BY sequence LIMIT 64)`,
    ),
    connection.get('SELECT pg_notify(:channel, :sequence)', {
      channel: CHANNEL,
      sequence: String(sequence),
    }),
  ]
  const commit = connection.run('COMMIT')
  const settled = await Promise.allSettled([...sent, commit])
  const failed = settled.find((it) => it.status === 'rejected')
  if (!failed) {
    const { command } = await commit
    if (command === 'COMMIT') return
    throw new StoreError('unavailable', 'store', `the server answered COMMIT with ${command}`)
  }
  const reason: unknown = failed.reason
  if (connection.broken) throw new OutcomeUnknown(connection.broken, committed)
  throw reason
}
