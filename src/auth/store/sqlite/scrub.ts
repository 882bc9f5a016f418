import { join } from 'node:path'
import { Connection } from './connection.ts'
import { DATABASE } from './directory.ts'
import { type HoldOptions, holdDirectory } from './hold.ts'

/**
 * Writes the database anew, so that nothing which was overwritten or deleted is left in its files. What
 * the file system keeps of blocks that it has given up is out of reach.
 *
 * @throws StoreError `in-use-by-another`, `unavailable`
 */
export async function scrub(options: HoldOptions): Promise<void> {
  const hold = await holdDirectory(options)
  try {
    const database = new Connection(join(options.directory, DATABASE), { busyTimeoutMs: 0 })
    try {
      database.execute('VACUUM')
      // Else the last connection may leave the log as it is.
      database.get('PRAGMA wal_checkpoint(TRUNCATE)')
    } finally {
      database.close()
    }
  } finally {
    await hold.release()
  }
}
