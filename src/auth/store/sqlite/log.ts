/** SQLite's write-ahead log, where it matters that its content is on the disk. */
import { closeSync, fsyncSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { StoreError } from '../../storage.ts'
import type { Connection } from './connection.ts'

/**
 * Copies what is committed from the log into the database, syncs that, and empties the log. Then
 * nothing rests on pages of the log that the kernel may have dropped: those of an fsync that failed,
 * in this process or in one before it, are read once more and written elsewhere.
 *
 * @throws StoreError `unavailable` where the disk fails, or another process reads the database
 */
export function foldLog(database: Connection): void {
  const result = database.get('PRAGMA wal_checkpoint(TRUNCATE)')
  if (result?.integer('busy') === 0) return
  throw new StoreError('unavailable', 'store', 'another process reads the database', {
    hint: 'wait until it has ended: a backup, or the sqlite3 shell',
  })
}

/**
 * Makes the names of the database's files durable. SQLite does so for a new log too, but goes on
 * when it can't.
 *
 * @throws StoreError `unavailable`
 */
export function syncDirectoryOf(path: string): void {
  const directory = dirname(path)
  try {
    const descriptor = openSync(directory, 'r')
    try {
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  } catch (cause) {
    throw new StoreError('unavailable', 'store', `${directory} can't be synced to its disk`, {
      hint: 'look at its disk and file system',
      cause,
    })
  }
}
