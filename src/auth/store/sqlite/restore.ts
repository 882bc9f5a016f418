/**
 * Puts a data directory back to a backup.
 *
 * The backup is copied into a directory of its own, migrated there and marked as restored. Only then
 * is it moved beside the database as `hub.db.restored`, what was there put aside, and the new one put
 * in its place by one rename. A hub doesn't start while `hub.db.restored` is there, so whatever is
 * cut off is done again from the start.
 */
import { chmod, constants, copyFile, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, formatTime } from '../../../base/clock.ts'
import { systemErrorCode } from '../../../base/errors.ts'
import { syncDirectory, systemFileSystem } from '../../../base/file-system.ts'
import type { Random } from '../../../base/random.ts'
import { recordRestore } from '../../restoring.ts'
import { StoreError } from '../../storage.ts'
import { requireSound, syncFile } from './backup.ts'
import { Connection } from './connection.ts'
import { checkDirectory, DATABASE, isThere, RESTORED_DATABASE } from './directory.ts'
import { holdDirectory } from './hold.ts'
import { schemaVersion } from './migrations/migrate.ts'
import { openSqliteStore } from './open.ts'

export interface RestoreOptions {
  /** The hub's data directory: there already, 0700, and this user's. */
  readonly directory: string
  /** The backup. */
  readonly path: string
  /** Whether a store that is there is put aside. */
  readonly replace: boolean
  readonly clock: Clock
  readonly random: Random
  readonly pid: number
  readonly uid: number
}

export interface RestoreFacts {
  readonly clusterId: string
  readonly takenAt: number
  readonly restoredAt: number
  /** Where the database is that was there before. */
  readonly replaced: string | undefined
}

const UNREADABLE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'EISDIR', 'ENOTDIR'])
const STAGING = '.restoring'
const BUSY_TIMEOUT_MS = 5_000
/** SQLite's, which belong to a database by their names. */
const COMPANIONS = ['', '-wal', '-shm']

/**
 * @throws StoreError `exists` where a store is there, `in-use-by-another` while a hub runs,
 *   `missing`, `damaged` or `too-new` for the backup, `unavailable`
 */
export async function restore(options: RestoreOptions): Promise<RestoreFacts> {
  await checkDirectory(options.directory, options.uid)
  const hold = await holdDirectory(options)
  try {
    return await replaceDatabase(options)
  } finally {
    await hold.release()
  }
}

async function replaceDatabase(options: RestoreOptions): Promise<RestoreFacts> {
  const { directory, path, replace } = options
  const database = join(directory, DATABASE)
  const isOccupied = await isThere(database)
  if (isOccupied && !replace) throw occupied(directory)
  const staging = join(directory, STAGING)
  const cleared = () => rm(staging, { recursive: true, force: true })
  await cleared()
  try {
    await mkdir(staging, { mode: 0o700 })
    const staged = join(staging, DATABASE)
    await copyBackup(path, staged)
    const takenAt = inspect(staged, path)
    const facts = await mark(staging, takenAt, options)
    await syncFile(staged)

    const restored = join(directory, RESTORED_DATABASE)
    await rename(staged, restored)
    await syncDirectory(systemFileSystem, directory)
    const aside = `${database}.replaced-${formatTime(facts.restoredAt).replaceAll(/[-:]/g, '')}`
    for (const companion of COMPANIONS) await moveIfThere(database + companion, aside + companion)
    await syncDirectory(systemFileSystem, directory)
    await rename(restored, database)
    await syncDirectory(systemFileSystem, directory)
    return { ...facts, replaced: isOccupied ? aside : undefined }
  } catch (error) {
    throw error instanceof StoreError ? error : failed(directory, error)
  } finally {
    await cleared()
  }
}

async function copyBackup(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL)
    await chmod(to, 0o600)
  } catch (error) {
    if (!UNREADABLE.has(systemErrorCode(error))) throw error
    throw new StoreError('missing', 'store', `there is no backup to be read at ${from}`, {
      hint: 'give the file that mezhub backup wrote',
      cause: error,
    })
  }
}

/** When the backup was taken. Takes the mark away, which a store doesn't have. */
function inspect(staged: string, path: string): number {
  const database = new Connection(staged, { busyTimeoutMs: BUSY_TIMEOUT_MS })
  try {
    if (schemaVersion(database) === 0) throw notABackup(path)
    requireSound(database, path)
    const marked = database.get(
      `SELECT count(*) AS value FROM sqlite_schema WHERE name = 'backup' AND type = 'table'`,
    )
    if (marked?.integer('value') !== 1) throw notABackup(path)
    const takenAt = database.get('SELECT max(taken_at) AS value FROM backup')?.integer('value')
    if (takenAt === undefined) throw notABackup(path)
    database.execute('DROP TABLE backup')
    return takenAt
  } catch (error) {
    const isForeign = error instanceof StoreError && error.code === 'damaged'
    throw isForeign ? notABackup(path, error) : error
  } finally {
    database.close()
  }
}

/** With the store's own means, so that the restore is an act like any other. */
async function mark(
  staging: string,
  takenAt: number,
  { clock, random, pid, uid }: RestoreOptions,
): Promise<Omit<RestoreFacts, 'replaced'>> {
  const store = await openSqliteStore({ directory: staging, clock, random, pid, uid })
  try {
    const { restoredAt } = await recordRestore({ store, clock, random }, takenAt)
    return { clusterId: store.clusterId, takenAt, restoredAt }
  } finally {
    await store.close()
  }
}

async function moveIfThere(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: unknown) => {
    if (systemErrorCode(error) !== 'ENOENT') throw error
  })
}

function occupied(directory: string): StoreError {
  return new StoreError('exists', 'store', `${directory} has a store already`, {
    hint: 'give an empty --data-dir, or --replace to have what is there put aside',
  })
}

function notABackup(path: string, cause?: StoreError): StoreError {
  const why = cause ? `: ${cause.message}` : ''
  return new StoreError('damaged', 'store', `${path} is no backup of a hub${why}`, {
    hint: 'give the file that mezhub backup wrote',
    cause,
  })
}

function failed(directory: string, cause: unknown): StoreError {
  return new StoreError('unavailable', 'store', `${directory} could not be restored`, {
    hint: 'look at its permissions and free space, then restore again',
    cause,
  })
}
