import { type Clock, MINUTE } from '../base/clock.ts'
import { Waker } from '../base/waker.ts'
import type { StoredAuditEvent } from './audit-event.ts'
import type { AuditFilter } from './audit-log.ts'
import type { Store } from './storage.ts'

const PAGE = 250
/** What happens within so long comes together. */
const GATHER = 100
/** Acts of this hub wake it; another hub's are found so. */
const IDLE = MINUTE

/**
 * The events after `filter.after` that pass the filter, oldest first: those that there are, and from
 * then on each as it is committed. None is left out and none comes twice, also for whoever begins
 * again after the last one that he had. Ends when aborted.
 */
export async function* followAudit(
  { store, clock }: { readonly store: Store; readonly clock: Pick<Clock, 'sleep'> },
  filter: AuditFilter,
  signal: AbortSignal,
): AsyncGenerator<readonly StoredAuditEvent[], void, undefined> {
  const waker = new Waker(clock)
  // First, so that nothing comes between reading and waiting.
  const stop = store.changes.subscribe(() => waker.wake())
  try {
    let after = filter.after ?? 0
    while (!signal.aborted) {
      const { sequence: newest } = await store.audit.head()
      let next: number | undefined = after
      while (next !== undefined && !signal.aborted) {
        const query = { ...filter, after: next, before: newest + 1, limit: PAGE } as const
        const page = await store.audit.page({ ...query, order: 'oldest-first' })
        if (page.events.length > 0) yield page.events
        next = page.next
      }
      after = Math.max(after, newest)
      await waker.wait(IDLE, signal)
      await clock.sleep(GATHER, signal).catch(() => {})
    }
  } finally {
    stop()
  }
}
