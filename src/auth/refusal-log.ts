/**
 * Refusals in the audit log, so many and no more: what anybody can bring about without a right to
 * anything must not fill the disk. Each refusal has its own event as long as its source and all
 * sources together keep within a rate; the others are counted, and told of in one event for each
 * source and kind, once a minute.
 *
 * Acts aren't concerned: their events are stored with them.
 */
import { type Clock, formatTime, MINUTE, SECOND } from '../base/clock.ts'
import type { AuditEventType } from './audit-catalogue.ts'
import type { AuditEvent } from './audit-event.ts'
import type { AuthErrorCode } from './errors.ts'
import { AuthError } from './errors.ts'
import { type Rate, RateTable, rateLimited } from './rate.ts'
import { sourceOf } from './source.ts'
import { type Store, StoreError } from './storage.ts'

export interface RefusalLog {
  /** Puts the event of a refusal into the log, or counts it. @throws StoreError */
  record(event: AuditEvent): Promise<void>
  /**
   * What a caller is told whose join is refused for `error`: that; or just that there were too many
   * guesses, from where he is or altogether. Who holds a token that the hub knows always hears what
   * became of it.
   */
  refuseJoin(address: string, error: AuthError): AuthError
  /** Tells of what was counted. @throws StoreError, and nothing is lost */
  summarise(): Promise<void>
  /** Summarises once a minute, until aborted. */
  run(signal: AbortSignal): Promise<void>
}

export interface RefusalRates {
  /** Of events, from one source. */
  readonly eventsEach: Rate
  readonly eventsAll: Rate
  /** Of joins with tokens that the hub doesn't know. */
  readonly guessesEach: Rate
  readonly guessesAll: Rate
}

export const REFUSAL_RATES: RefusalRates = {
  eventsEach: { burst: 60, everyMs: MINUTE },
  eventsAll: { burst: 1_000, everyMs: SECOND },
  guessesEach: { burst: 20, everyMs: 6 * SECOND },
  guessesAll: { burst: 2_000, everyMs: 50 },
}

/** Sources that a summary names; what other sources did is one more number. */
const MOST_NAMED = 16

/** Nobody in particular, and no other source's name. */
const OTHERS = 'others'

interface Count {
  readonly type: AuditEventType
  readonly source: string
  readonly bot: string | undefined
  readonly since: number
  count: number
}

/** Passing states of the hub, for which no caller is to blame. */
const NO_REFUSALS: ReadonlySet<AuthErrorCode> = new Set(['unavailable', 'busy'])

export function isRefusal(error: unknown): error is AuthError {
  return error instanceof AuthError && !NO_REFUSALS.has(error.code)
}

export function createRefusalLog(
  { store, clock }: { readonly store: Pick<Store, 'commit'>; readonly clock: Clock },
  rates: RefusalRates = REFUSAL_RATES,
): RefusalLog {
  const eventsEach = new RateTable(rates.eventsEach)
  const eventsAll = new RateTable(rates.eventsAll)
  const guessesEach = new RateTable(rates.guessesEach)
  const guessesAll = new RateTable(rates.guessesAll)
  let counts = new Map<string, Count>()

  function count(event: AuditEvent, source: string): void {
    const named = counts.get(keyOf(event.type, source))
    const isNew = named === undefined && counts.size >= MOST_NAMED
    const key = keyOf(event.type, isNew ? OTHERS : source)
    const found = named ?? counts.get(key)
    if (found) found.count += 1
    else {
      const { type, bot, time } = event
      counts.set(key, {
        ...{ type, since: time, count: 1 },
        ...(isNew ? { source: OTHERS, bot: undefined } : { source, bot }),
      })
    }
  }

  /** Counts of a summary that couldn't be stored go on where they were. */
  function giveBack(before: Iterable<readonly [string, Count]>): void {
    for (const [key, earlier] of before) {
      const later = counts.get(key)
      counts.set(key, { ...earlier, count: earlier.count + (later?.count ?? 0) })
    }
  }

  async function summarise(): Promise<void> {
    if (counts.size === 0) return
    const told = counts
    counts = new Map()
    const time = clock.now()
    try {
      const events = [...told.values()].map((each) => summaryOf(each, time))
      await store.commit({ changes: [], events })
    } catch (error) {
      giveBack(told)
      throw error
    }
  }

  return {
    async record(event) {
      const now = clock.monotonic()
      const source = event.actor === 'anyone' ? sourceOf(event.address) : event.actor
      if (eventsEach.take(source, now) > 0 || eventsAll.take('', now) > 0) count(event, source)
      else await store.commit({ changes: [], events: [event] })
    },

    refuseJoin(address, error) {
      if (error.code !== 'token-unknown') return error
      const now = clock.monotonic()
      const source = sourceOf(address)
      const wait = guessesEach.take(source, now)
      if (wait > 0) return rateLimited(`unknown join tokens from ${source}`, wait)
      const waitOfAll = guessesAll.take('', now)
      return waitOfAll > 0 ? rateLimited('unknown join tokens', waitOfAll) : error
    },

    summarise,

    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(MINUTE, signal).catch((error: unknown) => {
          if (!signal.aborted) throw error
        })
        await summarise().catch((error: unknown) => {
          if (!(error instanceof StoreError)) throw error
        })
      }
    },
  }
}

function keyOf(type: AuditEventType, source: string): string {
  return `${type} ${source}`
}

function summaryOf({ type, source, bot, since, count }: Count, time: number): AuditEvent {
  const fields = { event: type, source, count: String(count), since: formatTime(since) }
  return {
    ...{ time, type: 'refusal.summary', outcome: 'refused', actor: 'hub', address: '' },
    ...{ bot, fields },
  }
}
