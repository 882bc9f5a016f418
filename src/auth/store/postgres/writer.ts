/**
 * Group commit. Acts that arrive while a group is under way, or within one turn of the event loop, form
 * the next one; each is answered when its group is durable and told of.
 *
 * A connection that is lost is made again. What was lost with it is known to be undone, and then done
 * again, or in doubt: then the database is asked, and nothing is answered before it has said.
 */
import type { Clock } from '../../../base/clock.ts'
import { messageOf } from '../../../base/errors.ts'
import type { Random } from '../../../base/random.ts'
import { type Act, StoreError } from '../../storage.ts'
import { Connection, type PostgresTarget } from './connection.ts'
import { BATCH, type Feed } from './feed.ts'
import { type Committed, commitGroup, isCommitted, OutcomeUnknown } from './group.ts'
import { closedError } from './postgres-error.ts'

/** Past this a larger group saves little and keeps its first act waiting. */
const LARGEST_GROUP = 128

/** A server that hangs must not fill the memory. */
const LONGEST_QUEUE = 16_384

/** How long a group is tried again while the server is away, as when another one takes over. */
const PATIENCE_MS = 10_000
const RETRY_MS = 200
const STATEMENT_TIMEOUT_MS = 15_000

export interface WriterOptions {
  readonly target: PostgresTarget
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>
  readonly random: Pick<Random, 'uuid'>
  readonly onGroup?: ((acts: number) => void) | undefined
  /** No act will be taken any more, although nobody asked for that. */
  readonly onFailed: (error: StoreError) => void
}

interface Pending {
  readonly act: Act
  readonly done: PromiseWithResolvers<void>
}

export class Writer {
  readonly #options: WriterOptions
  readonly #feed: Feed
  #connection: Connection | undefined
  #waiting: Pending[] = []
  #running: Promise<void> | undefined
  /** Why no more acts are taken. */
  #ended: StoreError | undefined

  /** @param connection one that `openWritable` made */
  constructor(connection: Connection, feed: Feed, options: WriterOptions) {
    this.#connection = connection
    this.#feed = feed
    this.#options = options
  }

  /** Resolves when the act is durable. @throws StoreError */
  async commit(act: Act): Promise<void> {
    if (this.#ended) throw this.#ended
    if (this.#waiting.length >= LONGEST_QUEUE) {
      throw new StoreError('unavailable', 'store', `${LONGEST_QUEUE} acts are waiting already`, {
        hint: 'the database is too slow for this load, or it hangs',
      })
    }
    const done = Promise.withResolvers<void>()
    this.#waiting.push({ act, done })
    this.#running ??= this.#run()
    return done.promise
  }

  /** Takes no more acts, waits for those taken, and lets go of the server. */
  async close(): Promise<void> {
    this.#ended ??= closedError()
    await this.#running
    await this.#connection?.close()
  }

  /** Takes no more acts, for a reason that others find. */
  fail(error: StoreError): void {
    if (this.#ended === undefined) this.#options.onFailed(error)
    this.#ended ??= error
    for (const { done } of this.#waiting.splice(0)) done.reject(error)
  }

  async #run(): Promise<void> {
    // Those whose acts were just answered send the next in this turn of the loop.
    while (await nextTurn(() => this.#waiting.length > 0)) {
      const group = this.#waiting.splice(0, LARGEST_GROUP)
      await this.#answer(group)
    }
    this.#running = undefined
  }

  async #answer(group: readonly Pending[]): Promise<void> {
    try {
      const { outcomes, groups } = await this.#commit(group.map(({ act }) => act))
      this.#options.onGroup?.(group.length)
      await this.#tell(groups)
      for (const [index, { done }] of group.entries()) {
        const refusal = outcomes[index]
        if (refusal) done.reject(refusal)
        else done.resolve()
      }
    } catch (error) {
      const failure = asStoreError(error)
      if (failure.code !== 'unavailable') this.fail(failure)
      // The server is away: who waits behind would wait for as long again.
      for (const { done } of [...group, ...this.#waiting.splice(0)]) done.reject(failure)
    }
  }

  /** The acts are done: whatever fails here is no fault of theirs. */
  async #tell(groups: Committed['groups']): Promise<void> {
    try {
      // There may be more than were read along with the group.
      if (this.#connection && groups.length > BATCH) await this.#feed.catchUp(this.#connection)
      this.#feed.tell(groups)
    } catch (error) {
      this.fail(asStoreError(error))
    }
  }

  async #commit(acts: readonly Act[]): Promise<Committed> {
    const { clock, random } = this.#options
    const deadline = clock.monotonic() + PATIENCE_MS
    for (;;) {
      const id = random.uuid()
      try {
        return await commitGroup(await this.#connect(deadline), id, acts, this.#feed.told)
      } catch (error) {
        if (!this.#connection?.broken) throw error
        if (error instanceof OutcomeUnknown && (await this.#isDone(id, error, deadline))) {
          return error.committed
        }
        if (clock.monotonic() >= deadline) throw error
      }
    }
  }

  /** @throws OutcomeUnknown where the server doesn't come back in time */
  async #isDone(id: string, lost: OutcomeUnknown, deadline: number): Promise<boolean> {
    for (;;) {
      try {
        return await isCommitted(await this.#connect(deadline), id)
      } catch {
        if (this.#options.clock.monotonic() >= deadline) throw lost
      }
    }
  }

  async #connect(deadline: number): Promise<Connection> {
    const { clock, target } = this.#options
    for (;;) {
      if (this.#connection && !this.#connection.broken) return this.#connection
      try {
        this.#connection = await openWritable(target)
      } catch (error) {
        if (clock.monotonic() + RETRY_MS >= deadline) throw error
        await clock.sleep(RETRY_MS)
      }
    }
  }
}

export function openWritable(target: PostgresTarget): Promise<Connection> {
  return Connection.open(target, { readOnly: false, statementTimeoutMs: STATEMENT_TIMEOUT_MS })
}

async function nextTurn<T>(then: () => T): Promise<T> {
  await new Promise<void>((resolve) => void setImmediate(resolve))
  return then()
}

function asStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  return new StoreError('unavailable', 'store', `the act can't be stored: ${messageOf(error)}`, {
    cause: error,
  })
}
