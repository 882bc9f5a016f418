/**
 * The writer thread: it owns the one connection that writes. It migrates the database, then commits
 * group after group as they are sent, each durable before its answer.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { StoreError } from '../../storage.ts'
import { Connection } from './connection.ts'
import { GroupCommitter } from './group.ts'
import { foldLog, syncDirectoryOf } from './log.ts'
import { type FromWriter, type ToWriter, toFailure, type WriterData } from './messages.ts'
import { migrate, schemaVersion } from './migrations/migrate.ts'

/** Other processes have no business here, but a backup or a curious reader may hold it for a while. */
const BUSY_TIMEOUT_MS = 5_000

/** At the start a backup that is under way is waited for longer. */
const BACKUP_TIMEOUT_MS = 60_000

/** After a burst the log is cut back to this. */
const JOURNAL_SIZE_LIMIT = 64 * 1024 * 1024

function openDatabase({ path, newClusterId }: WriterData): [Connection, clusterId: string] {
  const database = new Connection(path, { busyTimeoutMs: BUSY_TIMEOUT_MS })
  try {
    // First: another program's database must be left as it is.
    const version = schemaVersion(database)
    const journal = database.get('PRAGMA journal_mode = WAL')?.text('journal_mode')
    if (journal !== 'wal') {
      throw new StoreError('unavailable', 'store', 'the file system has no write-ahead log', {
        hint: 'put the data directory on a local file system',
      })
    }
    database.execute(`
      PRAGMA synchronous = FULL;
      PRAGMA foreign_keys = ON;
      PRAGMA trusted_schema = OFF;
      PRAGMA temp_store = MEMORY;
      PRAGMA journal_size_limit = ${JOURNAL_SIZE_LIMIT};
    `)
    // What a hub before this one has left may not be on the disk, whatever it was told: see group.ts.
    database.execute(`PRAGMA busy_timeout = ${BACKUP_TIMEOUT_MS}`)
    foldLog(database)
    database.execute(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
    migrate(database, version)
    const clusterId = clusterIdOf(database, newClusterId)
    syncDirectoryOf(path)
    return [database, clusterId]
  } catch (error) {
    database.close()
    throw error
  }
}

function clusterIdOf(database: Connection, newClusterId: string): string {
  database.run('INSERT INTO hub (cluster_id) SELECT :id WHERE NOT EXISTS (SELECT * FROM hub)', {
    id: newClusterId,
  })
  return database.get('SELECT cluster_id FROM hub')?.text('cluster_id') ?? newClusterId
}

function serve(data: WriterData): void {
  const send = (message: FromWriter) => parentPort?.postMessage(message)
  try {
    const [database, clusterId] = openDatabase(data)
    const committer = new GroupCommitter(database)
    parentPort?.on('message', (message: ToWriter) => {
      if (message.kind === 'close') {
        database.close()
        parentPort?.close()
        return
      }
      const outcomes = committer.commit(message.acts)
      send({ kind: 'committed', failures: outcomes.map((error) => error && toFailure(error)) })
    })
    send({ kind: 'ready', clusterId })
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    send({ kind: 'failed', failure: toFailure(error) })
  }
}

serve(workerData)
