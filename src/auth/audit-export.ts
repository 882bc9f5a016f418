/** The log as lines, part by part: what an export is made of, and what a sink is fed with. */
import { CHAIN_START, type ChainHead } from './audit-chain.ts'
import { encodeCheckpoint, encodeEvent, type LogHeader } from './audit-lines.ts'
import type { AuditFilter, CheckpointRecord } from './audit-log.ts'
import type { AuditSigning } from './audit-signing.ts'
import type { AuthContext } from './context.ts'
import { AuthError } from './errors.ts'

/** Where an export begins and ends; by default it is everything that there is. */
export type ExportRange = Pick<AuditFilter, 'after' | 'since' | 'until'>

export interface ExportStart {
  readonly header: LogHeader
  /** The last event of it. */
  readonly through: number
}

export interface LogPart {
  /** Lines, each with its line end. */
  readonly text: string
  /** The last event that it goes to. */
  readonly last: number
  /** The event of the last checkpoint in it; 0 where there is none. */
  readonly lastCheckpoint: number
}

type Context = Pick<AuthContext, 'store' | 'authorities'>

/**
 * Settles what an export goes from and to. It ends with a checkpoint: a new one of the newest event,
 * or the first one that comes after the last event that was asked for.
 *
 * @throws AuthError `invalid-request` where nothing is left of the range
 */
export async function startExport(
  context: Context,
  signing: AuditSigning,
  { after, since, until }: ExportRange,
): Promise<ExportStart> {
  const { audit } = context.store
  const newest = await newestOf(context, signing)
  const anchor = await audit.anchor()
  const first = Math.max(
    anchor?.sequence ?? 0,
    after ?? 0,
    since === undefined ? 0 : (await firstSince(context, since, newest.sequence)) - 1,
  )
  const last = until === undefined ? newest.sequence : await lastBefore(context, until)
  if (last < first || newest.sequence < first) throw emptyRange()
  const range = { after: Math.max(first, last - 1), through: newest.sequence, limit: 1 }
  const [checkpoint = newest.checkpoint] = await audit.checkpoints(range)
  return {
    header: {
      clusterId: context.store.clusterId,
      key: context.authorities.audit.publicKey,
      after: await headAt(context, first),
      anchor: anchor?.sequence === first ? anchor : undefined,
      checkpoint,
    },
    through: checkpoint?.sequence ?? newest.sequence,
  }
}

/** A damaged log can be exported all the same: it is evidence. Only nobody signs it. */
async function newestOf(
  { store }: Context,
  signing: AuditSigning,
): Promise<{ readonly sequence: number; readonly checkpoint: CheckpointRecord | undefined }> {
  try {
    const checkpoint = await signing.checkpoint()
    return { sequence: checkpoint?.sequence ?? 0, checkpoint }
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== 'audit-damaged') throw error
    return { sequence: (await store.audit.head()).sequence, checkpoint: undefined }
  }
}

async function firstSince({ store }: Context, since: number, newest: number): Promise<number> {
  let after = 0
  for (;;) {
    const page = await store.audit.page({ order: 'oldest-first', since, after, limit: 1 })
    const [first] = page.events
    if (first) return first.sequence
    if (page.next === undefined) return newest + 1
    after = page.next
  }
}

async function lastBefore({ store }: Context, until: number): Promise<number> {
  const [last] = await store.audit.list({ until, limit: 1 })
  return last?.sequence ?? 0
}

/** The event of this sequence, as the next one is tied to it. */
export async function headAt(
  { store }: Pick<Context, 'store'>,
  sequence: number,
): Promise<ChainHead> {
  if (sequence === 0) return CHAIN_START
  const anchor = await store.audit.anchor()
  if (anchor?.sequence === sequence) return anchor
  const [event] = await store.audit.list({ before: sequence + 1, limit: 1 })
  if (event?.sequence === sequence) return event
  throw new AuthError('not-found', `there is no audit event ${sequence}`, {
    hint: 'mezctl audit ls --limit=1 shows the newest',
  })
}

/** The next lines after an event, at most `limit` events, each checkpoint after its event. */
export async function readLines(
  { store }: Pick<Context, 'store'>,
  range: { readonly after: number; readonly through: number; readonly limit: number },
): Promise<LogPart> {
  const { after, through, limit } = range
  const query = { after, before: through + 1, limit } as const
  const { events } = await store.audit.page({ ...query, order: 'oldest-first' })
  const last = events.at(-1)?.sequence ?? after
  const signed = await store.audit.checkpoints({ after, through: last, limit })
  const checkpoints = new Map(signed.map((it) => [it.sequence, it]))
  const text = events
    .map((event) => {
      const checkpoint = checkpoints.get(event.sequence)
      return encodeEvent(event) + (checkpoint ? encodeCheckpoint(checkpoint) : '')
    })
    .join('')
  return { text, last, lastCheckpoint: signed.at(-1)?.sequence ?? 0 }
}

function emptyRange(): AuthError {
  return new AuthError('invalid-request', 'there are no events in this range', {
    hint: 'mezctl audit ls --since … --until … shows what there is; older events may be pruned',
  })
}
