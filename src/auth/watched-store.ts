import { type Clock, formatTime, SECOND } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import { eventByHub } from './context.ts'
import { type Act, type Store, StoreError, type StoreErrorCode } from './storage.ts'

/** `refused`: an act's condition didn't hold; `failed`: the store didn't do its work. */
export type CommitOutcome = 'committed' | 'refused' | 'failed'

/** Told of every commit, for metrics. Must not throw. */
export type CommitListener = (commit: {
  readonly act: Act
  readonly outcome: CommitOutcome
  /** As the act had to wait. */
  readonly milliseconds: number
}) => void

/** A store, and whether it takes commits. */
export interface WatchedStore {
  readonly store: Store
  /** Undefined while commits succeed. */
  trouble(): string | undefined
  /** For how long the oldest commit under way has been so; milliseconds. */
  longestWait(): number
  /**
   * Until aborted, tries anew whenever the last commit failed: without traffic nothing else would
   * find out that the disk has room again. That it has is an event of the audit log.
   */
  run(signal: AbortSignal): Promise<void>
}

/**
 * Told when commits begin to fail, with the first failure, and when they succeed again, with nothing.
 * Must not throw.
 */
export type TroubleListener = (failure: unknown) => void

const CONDITIONS: ReadonlySet<StoreErrorCode> = new Set(['exists', 'missing', 'in-use', 'conflict'])
const RETRY = 5 * SECOND

export function watchStore(
  store: Store,
  clock: Clock,
  onCommit: CommitListener = () => {},
  onTrouble: TroubleListener = () => {},
): WatchedStore {
  /** In the order in which they began. */
  const underWay = new Set<{ readonly start: number }>()
  let failing: { readonly since: number; readonly message: string } | undefined

  function fail(error: unknown): void {
    const since = failing?.since
    failing = { since: since ?? clock.now(), message: messageOf(error) }
    if (since === undefined) onTrouble(error)
  }

  function succeed(): void {
    const hadFailed = failing !== undefined
    failing = undefined
    if (hadFailed) onTrouble(undefined)
  }

  async function commit(act: Act): Promise<void> {
    const begun = { start: clock.monotonic() }
    underWay.add(begun)
    let outcome: CommitOutcome = 'failed'
    try {
      await store.commit(act)
      outcome = 'committed'
    } catch (error) {
      if (error instanceof StoreError && CONDITIONS.has(error.code)) outcome = 'refused'
      else fail(error)
      throw error
    } finally {
      underWay.delete(begun)
      if (outcome === 'committed') succeed()
      onCommit({ act, outcome, milliseconds: clock.monotonic() - begun.start })
    }
  }

  function recovery(since: number): Act {
    const fields = { failing_since: formatTime(since) }
    return { changes: [], events: [eventByHub({ clock }, 'hub.recover', { fields })] }
  }

  return {
    store: { ...store, commit },
    trouble: () =>
      failing && `no commit succeeds since ${formatTime(failing.since)}: ${failing.message}`,
    longestWait() {
      const [oldest] = underWay
      return oldest === undefined ? 0 : clock.monotonic() - oldest.start
    },
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(RETRY, signal).catch(() => {})
        if (failing === undefined || signal.aborted) continue
        // What it fails with is told by `trouble`.
        await commit(recovery(failing.since)).catch(() => {})
      }
    },
  }
}
