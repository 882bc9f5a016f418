import type { WatchedStore } from '../../auth/watched-store.ts'
import { MINUTE, SECOND } from '../../base/clock.ts'
import { formatDuration } from '../../base/duration.ts'
import type { Health } from '../../diag/health.ts'

/** A commit takes milliseconds; whoever waits for so long waits for a disk that hangs. */
const LONGEST_COMMIT = MINUTE

/** Whether a hub lives, and whether it serves. */
export class HubHealth {
  phase: 'starting' | 'serving' | 'stopping' = 'starting'
  readonly #store: Pick<WatchedStore, 'trouble' | 'longestWait'>

  constructor(store: Pick<WatchedStore, 'trouble' | 'longestWait'>) {
    this.#store = store
  }

  /** It is not when work that was begun doesn't end: a new start may help. */
  live(): Health {
    const wait = this.#store.longestWait()
    const problem =
      wait > LONGEST_COMMIT
        ? `a commit has been under way for ${formatDuration(Math.floor(wait / SECOND) * SECOND)}`
        : undefined
    return { checks: [{ name: 'store', problem, hint: 'look at the disk of the data directory' }] }
  }

  /** Its store takes commits, its CA keys are open, and so are its doors. */
  ready(): Health {
    const { phase } = this
    return {
      checks: [
        {
          name: 'store',
          problem: this.#store.trouble(),
          hint: 'is the disk full? the hub tries again by itself',
        },
        { name: 'authorities', problem: phase === 'starting' ? 'not open yet' : undefined },
        { name: 'listener', problem: phase === 'serving' ? undefined : `the hub is ${phase}` },
      ],
    }
  }
}
