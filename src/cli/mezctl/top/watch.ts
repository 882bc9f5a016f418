/** Takes snapshots again and again, over connections that break and hubs that start anew. */
import { formatTime, MINUTE, SECOND } from '../../../base/clock.ts'
import type { Invocation } from '../../invocation.ts'
import { type HubValues, withHub } from '../connection.ts'
import { isPassing, reasonOf } from '../out-of-touch.ts'
import { activityOf, look, NOTHING_SEEN } from './activity.ts'
import { type Contents, timeOf } from './frame.ts'
import { takeSnapshot } from './snapshot.ts'

export interface WatchOptions extends HubValues {
  /** Milliseconds between two snapshots. */
  readonly interval: number
  /** Of each list. */
  readonly limit: number
  readonly signal: AbortSignal
  /** Told of each snapshot, and once of each time that there can't be one. */
  readonly onContents: (contents: Contents) => void
  /** Asked after each: nobody looks any more. */
  readonly isOver?: () => boolean
}

const FIRST_RETRY = SECOND
const LONGEST_RETRY = MINUTE / 4

/** @throws the first failure, also of a hub that was never reached; the signal's reason */
export async function watch(options: WatchOptions, invocation: Invocation): Promise<void> {
  const { signal, interval, limit, onContents, isOver = () => false } = options
  const { clock } = invocation
  let seen = NOTHING_SEEN
  let newest: Contents | undefined
  let retry = FIRST_RETRY
  for (;;) {
    try {
      await withHub(options, invocation, async (hub) => {
        for (;;) {
          const snapshot = await takeSnapshot(hub, limit, { signal })
          seen = look(seen, snapshot.events, timeOf(snapshot))
          newest = { snapshot, activity: activityOf(seen) }
          retry = FIRST_RETRY
          onContents(newest)
          if (isOver()) return
          await clock.sleep(interval, signal)
        }
      })
      return
    } catch (error) {
      signal.throwIfAborted()
      if (newest === undefined || !isPassing(error)) throw error
      const since = formatTime(timeOf(newest.snapshot))
      onContents({
        ...newest,
        problem: `OUT OF TOUCH with the hub since ${since}: ${reasonOf(error)}`,
      })
      await clock.sleep(retry, signal)
      retry = Math.min(2 * retry, LONGEST_RETRY)
    }
  }
}
