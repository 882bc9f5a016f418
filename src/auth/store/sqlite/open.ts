/**
 * The embedded store: one SQLite database in the data directory, `hub.db`.
 *
 * - One hub at a time: it holds `hub.lock`, and a second one is refused.
 * - One connection writes, in a thread of its own (writer.ts). Acts that arrive together share a
 *   transaction and its fsync (queue.ts, group.ts); none is answered before it is durable
 *   (write-ahead log, synchronous=FULL).
 * - Reads run here, on a connection that can't write; each sees every act answered before it.
 * - The change feed is of this process: the acts of the one hub that there is, as they are answered.
 * - The audit chain is computed by the writer, in the transaction of the act.
 */
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Clock } from '../../../base/clock.ts'
import type { ExclusiveLock } from '../../../base/exclusive-lock.ts'
import type { Random } from '../../../base/random.ts'
import type { Store, StoreError } from '../../storage.ts'
import { type ChangeSource, createChangeSource } from '../change-feed.ts'
import { createReaders } from '../readers.ts'
import { verifyInThread } from './audit-verify-worker.ts'
import { Connection } from './connection.ts'
import { checkDirectory, createDatabaseFile, DATABASE, refuseHalfRestored } from './directory.ts'
import { holdDirectory } from './hold.ts'
import type { WriterData } from './messages.ts'
import { CommitQueue } from './queue.ts'

export interface SqliteStoreOptions {
  /** There already, 0700, and this user's. */
  readonly directory: string
  readonly clock: Pick<Clock, 'now'>
  readonly random: Pick<Random, 'uuid'>
  /** This process, for the checks and for whoever comes second. */
  readonly pid: number
  readonly uid: number
  /** What a listener of the change feed threw, which it must not. Dropped without this. */
  readonly onListenerError?: (error: unknown) => void
  /** Told how many acts shared a transaction, for metrics. Must not throw. */
  readonly onGroup?: ((acts: number) => void) | undefined
  /** The writer has stopped, and with it the store, although nobody closed it. */
  readonly onFailed?: ((error: StoreError) => void) | undefined
}

const WRITER = new URL('./writer.ts', import.meta.url)

/** A reader waits for no writer, only for a recovery; it would stop the event loop meanwhile. */
const READ_BUSY_TIMEOUT_MS = 1_000

/**
 * Opens the store, or makes it where the directory is empty.
 *
 * @throws StoreError `unavailable`, `in-use-by-another`, `too-new`, `damaged`
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { directory, random } = options
  await checkDirectory(directory, options.uid)
  const hold = await holdDirectory(options)
  try {
    await refuseHalfRestored(directory)
    const path = join(directory, DATABASE)
    await createDatabaseFile(directory, path)
    const changes = createChangeSource(options.onListenerError)
    const writer = startWriter({ path, newClusterId: random.uuid() })
    const queue = new CommitQueue(writer, {
      onCommitted: (act) => changes.publish(act),
      ...(options.onGroup && { onGroup: options.onGroup }),
      ...(options.onFailed && { onFailed: options.onFailed }),
    })
    const clusterId = await queue.ready()
    const reader = await openReader(path, queue)
    return createStore(path, clusterId, reader, queue, changes, hold)
  } catch (error) {
    await hold.release()
    throw error
  }
}

function startWriter(workerData: WriterData): Worker {
  // Options for the program that this process runs (`--eval`, `--input-type`) aren't the thread's.
  return new Worker(WRITER, { name: 'store-writer', workerData, execArgv: [] })
}

async function openReader(path: string, queue: CommitQueue): Promise<Connection> {
  try {
    return new Connection(path, { readOnly: true, busyTimeoutMs: READ_BUSY_TIMEOUT_MS })
  } catch (error) {
    await queue.end()
    throw error
  }
}

function createStore(
  path: string,
  clusterId: string,
  reader: Connection,
  queue: CommitQueue,
  changes: ChangeSource,
  hold: ExclusiveLock,
): Store {
  // The reader goes before the writer: the last connection folds the log into the database, which
  // a reader can't.
  const shut = async () => {
    await queue.drain()
    reader.close()
    await queue.end()
    await hold.release()
  }
  let closing: Promise<void> | undefined
  return {
    description: `sqlite ${path}`,
    clusterId,
    ...createReaders(reader, (request) => verifyInThread(path, request)),
    changes: changes.feed,
    commit: (act) => queue.commit(act),
    close() {
      closing ??= shut()
      return closing
    },
  }
}
