import type { Act, ChangeFeed, ChangeListener } from '../storage.ts'

/**
 * The feed of a store, and its end for the backend, which calls `publish` for each act that is
 * committed, in the order of the commits: once it is durable and readable, before the promise of
 * its `commit` resolves.
 *
 * - A listener is called in the turn in which its act is answered, so it should be quick: others
 *   wait for it. It may commit, subscribe and unsubscribe; it must not wait for its own commit.
 * - Each call is of one act, also of one without changes; an act that was refused has none.
 * - Who subscribes and then reads may read what an act did before being called with it (it was
 *   durable, and not told yet), never the other way round: applying a change twice must do no harm.
 * - What a listener throws is given to `report`, and neither the other listeners nor the act, which
 *   is committed, know of it. Without `report` it is dropped.
 */
export interface ChangeSource {
  readonly feed: ChangeFeed
  publish(act: Act): void
}

/** @param report must not throw */
export function createChangeSource(report: (error: unknown) => void = () => {}): ChangeSource {
  // An object for each subscription: the same function may come twice.
  const subscriptions = new Set<{ readonly listener: ChangeListener }>()
  return {
    feed: {
      subscribe(listener) {
        const subscription = { listener }
        subscriptions.add(subscription)
        return () => {
          subscriptions.delete(subscription)
        }
      },
    },
    publish({ changes, events }) {
      // A copy: who subscribes during an act hears from the next one on.
      for (const subscription of [...subscriptions]) {
        if (!subscriptions.has(subscription)) continue
        try {
          subscription.listener(changes, events)
        } catch (error) {
          report(error)
        }
      }
    },
  }
}
