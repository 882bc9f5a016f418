/**
 * Follows what other hubs commit: woken by NOTIFY, and looking by itself now and then, as a cut network
 * tells nobody. Its connection is made again when it is lost; what came meanwhile is caught up with.
 */
import type { Clock } from '../../../base/clock.ts'
import { StoreError } from '../../storage.ts'
import { Connection, type PostgresTarget } from './connection.ts'
import { FEED, type Feed } from './feed.ts'
import { CHANNEL } from './group.ts'

const LOOK_EVERY_MS = 2_000
const RETRY_MS = 250
const STATEMENT_TIMEOUT_MS = 5_000

export interface FollowerOptions {
  readonly target: PostgresTarget
  readonly clock: Pick<Clock, 'sleep'>
  /** Changes were missed. */
  readonly onFailed: (error: StoreError) => void
}

export class Follower {
  readonly #feed: Feed
  readonly #options: FollowerOptions
  readonly #stop = new AbortController()
  #wake = new AbortController()
  readonly #ended: Promise<void>

  constructor(feed: Feed, options: FollowerOptions) {
    this.#feed = feed
    this.#options = options
    this.#ended = this.#run()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#ended
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#follow()
      } catch (error) {
        if (!(error instanceof StoreError)) throw error
        if (error.subject === FEED) {
          this.#options.onFailed(error)
          return
        }
      }
      await this.#sleep(RETRY_MS, this.#stop.signal)
    }
  }

  /** Until the connection is lost. @throws StoreError */
  async #follow(): Promise<void> {
    const { target } = this.#options
    const session = { readOnly: true, statementTimeoutMs: STATEMENT_TIMEOUT_MS }
    const connection = await Connection.open(target, session, () => this.#wake.abort())
    try {
      await connection.listen(CHANNEL, (sequence) => {
        if (Number(sequence) > this.#feed.told) this.#wake.abort()
      })
      while (!this.#stop.signal.aborted && !connection.broken) {
        this.#wake = new AbortController()
        await this.#feed.catchUp(connection)
        await this.#sleep(LOOK_EVERY_MS, AbortSignal.any([this.#stop.signal, this.#wake.signal]))
      }
    } finally {
      await connection.close()
    }
  }

  async #sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    await this.#options.clock.sleep(milliseconds, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
  }
}
