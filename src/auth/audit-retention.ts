/**
 * Prunes the beginning of the audit log once it is old enough. It is pruned up to a checkpoint, which
 * the hub signed when it was made: so what is signed as the new beginning is what was signed then.
 * Where there are many old events and no such checkpoint, as after a release that signed none, the
 * whole log is verified first.
 */
import { DAY, formatTime, MINUTE } from '../base/clock.ts'
import type { ChainHead } from './audit-chain.ts'
import { verifyStatement } from './audit-checkpoint.ts'
import { AuditDamage } from './audit-damage.ts'
import { headAt } from './audit-export.ts'
import type { AuditSigning } from './audit-signing.ts'
import { decideAndCommit } from './commit.ts'
import { type AuthContext, eventByHub } from './context.ts'
import { AuthError } from './errors.ts'
import { StoreError } from './storage.ts'

export interface AuditRetention {
  /**
   * Prunes what is older than the time for which events are kept. Returns how many events that were.
   *
   * @throws AuthError `audit-damaged`; StoreError
   */
  prune(): Promise<number>
  /** Prunes now and then, and drops what is pruned, until aborted. */
  run(signal: AbortSignal): Promise<void>
}

/**
 * Other acts share a commit with what drops events, and wait for it. So it takes little, as much as the
 * disk does in a short time, and rests for some times as long.
 */
const DROPPED_AT_ONCE = { first: 50, least: 10, most: 500 }
const DROP_TIME = 20
const REST = { times: 4, least: 50 }
/** Between two checkpoints there are fewer. */
const MANY = 2_000

/**
 * How many events are dropped at once after so many took so long, in milliseconds: half as many again
 * where there was time, and far fewer at once where there wasn't.
 */
export function nextDropped(dropped: number, tookMs: number): number {
  const { least, most } = DROPPED_AT_ONCE
  const wanted = tookMs <= DROP_TIME ? dropped * 1.5 : dropped * Math.max(0.25, DROP_TIME / tookMs)
  return Math.min(most, Math.max(least, Math.round(wanted)))
}

/**
 * @param keepMs how long events are kept; undefined: for ever
 * @param mostPruned the last event that may be pruned, whatever its age: others still need it
 * @param steady by which events grow old: see hub-clock.ts
 */
export function createAuditRetention(
  context: Pick<AuthContext, 'store' | 'clock'>,
  signing: AuditSigning,
  keepMs: number | undefined,
  mostPruned: () => number,
  steady: () => number = () => context.clock.now(),
): AuditRetention {
  const { store, clock } = context

  /** The last event that no younger than `before` stands before, and that may be pruned. */
  async function lastOld(before: number): Promise<number> {
    let after = 0
    for (;;) {
      const page = await store.audit.page({
        ...{ order: 'oldest-first', since: before, after, limit: 1 },
      })
      const [young] = page.events
      if (young) return Math.min(mostPruned(), young.sequence - 1)
      if (page.next === undefined) {
        return Math.min(mostPruned(), (await store.audit.head()).sequence)
      }
      after = page.next
    }
  }

  async function prune(): Promise<number> {
    if (keepMs === undefined) return 0
    const before = steady() - keepMs
    const last = await lastOld(before)
    const start = (await store.audit.anchor())?.sequence ?? 0
    const end = await endOf(start, last)
    if (!end) return 0
    const events = end.sequence - start
    const fields = {
      through: String(end.sequence),
      events: String(events),
      before: formatTime(before),
    }
    await decideAndCommit(() =>
      store.commit({
        changes: [{ kind: 'prune-events', anchor: signing.anchorAt(end) }],
        events: [eventByHub(context, 'audit.prune', { fields })],
      }),
    )
    return events
  }

  /** An event up to `last`, of whose hash one can be sure. @throws AuditDamage */
  async function endOf(start: number, last: number): Promise<ChainHead | undefined> {
    const checkpoint = await store.audit.checkpointBefore(last)
    if (checkpoint && checkpoint.sequence > start) {
      verifyStatement(signing.trust, 'checkpoint', checkpoint)
      return checkpoint
    }
    if (last - start < MANY) return undefined
    const { signed } = await store.audit.verify({
      ...{ trust: signing.trust, onProgress: () => {} },
      signal: new AbortController().signal,
    })
    return signed && signed.sequence >= last ? headAt(context, last) : undefined
  }

  async function dropAll(signal: AbortSignal): Promise<void> {
    let limit: number = DROPPED_AT_ONCE.first
    while (!signal.aborted && (await store.audit.leftovers()) > 0) {
      const begun = clock.monotonic()
      const change = { kind: 'drop-pruned-events', limit } as const
      await store.commit({ changes: [change], events: [] })
      const took = clock.monotonic() - begun
      limit = nextDropped(limit, took)
      await clock.sleep(Math.max(REST.least, REST.times * took), signal).catch(() => {})
    }
  }

  /** A thirtieth of the time for which events are kept, a day at most. */
  const every = Math.max(MINUTE, Math.min(DAY, (keepMs ?? DAY) / 30))

  return {
    prune,
    async run(signal) {
      while (!signal.aborted) {
        try {
          // Nothing is pruned of a log that is known to be damaged.
          if (keepMs !== undefined) await signing.checkpoint()
          await prune()
          await dropAll(signal)
        } catch (error) {
          // It is tried again; a damaged log is told of where it is signed.
          const isKnown =
            error instanceof AuthError ||
            error instanceof StoreError ||
            error instanceof AuditDamage
          if (!isKnown) throw error
        }
        await clock.sleep(every, signal).catch(() => {})
      }
    },
  }
}
