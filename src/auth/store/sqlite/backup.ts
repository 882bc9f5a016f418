/**
 * Backups of the embedded store: one SQLite database, whole and consistent, taken beside a hub that
 * goes on. It says of itself when it was taken, in a table that the store doesn't have.
 */
import { link, open, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Clock } from '../../../base/clock.ts'
import { systemErrorCode } from '../../../base/errors.ts'
import { syncDirectory, systemFileSystem } from '../../../base/file-system.ts'
import { StoreError } from '../../storage.ts'
import { Connection } from './connection.ts'
import { checkDirectory, DATABASE, isThere } from './directory.ts'
import { schemaVersion } from './migrations/migrate.ts'

export interface BackupOptions {
  /** The hub's data directory. */
  readonly directory: string
  /** The file to be written. */
  readonly path: string
  /** Whether a file that is there is replaced. */
  readonly replace: boolean
  readonly clock: Pick<Clock, 'now'>
  readonly uid: number
}

/** What a backup holds. */
export interface BackupFacts {
  readonly clusterId: string
  /** Every act done before it is in the backup. */
  readonly takenAt: number
  readonly bots: number
  /** The newest event of the audit log; 0 where there is none. */
  readonly lastEvent: number
  readonly bytes: number
}

/** The hub's own commits go on; one that waits for a reader waits for less than this. */
const BUSY_TIMEOUT_MS = 10_000

/**
 * Writes a backup: 0600, and under its name only once it is whole, checked and on the disk.
 *
 * @throws StoreError `missing` without a store, `exists` where the file is there, `unavailable`,
 *   `damaged`, `too-new`
 */
export async function backUp(options: BackupOptions): Promise<BackupFacts> {
  const { directory, path, replace, clock, uid } = options
  await checkDirectory(directory, uid)
  const source = join(directory, DATABASE)
  const temporary = join(dirname(path), `.${basename(path)}.new`)
  if (!(await isThere(source))) throw noStore(source)
  if (!replace && (await isThere(path))) throw alreadyThere(path)
  try {
    await removeIfThere(temporary)
    await (await open(temporary, 'wx', 0o600)).close()
    const takenAt = clock.now()
    copyDatabase(source, temporary)
    const facts = markAndCheck(temporary, takenAt)
    await syncFile(temporary)
    await publish(temporary, path, replace)
    return { ...facts, bytes: (await stat(path)).size }
  } catch (error) {
    throw error instanceof StoreError ? error : unwritable(path, error)
  } finally {
    await unlink(temporary).catch(() => {})
  }
}

/** Of one moment: a single statement reads it all. */
function copyDatabase(source: string, target: string): void {
  const database = new Connection(source, { readOnly: true, busyTimeoutMs: BUSY_TIMEOUT_MS })
  try {
    if (schemaVersion(database) === 0) throw noStore(source)
    database.run('VACUUM INTO :target', { target })
  } finally {
    database.close()
  }
}

function markAndCheck(path: string, takenAt: number): Omit<BackupFacts, 'bytes'> {
  const database = new Connection(path, { busyTimeoutMs: BUSY_TIMEOUT_MS })
  try {
    // Without files beside it.
    database.get('PRAGMA journal_mode = DELETE')
    database.execute(`
      CREATE TABLE backup (taken_at INTEGER NOT NULL) STRICT;
      INSERT INTO backup (taken_at) VALUES (${takenAt});
    `)
    requireSound(database, path)
    const one = (sql: string) => database.get(sql)?.integer('value') ?? 0
    return {
      clusterId: database.get('SELECT cluster_id FROM hub')?.text('cluster_id') ?? '',
      takenAt,
      bots: one('SELECT count(*) AS value FROM bots'),
      lastEvent: one('SELECT coalesce(max(sequence), 0) AS value FROM audit_events'),
    }
  } finally {
    database.close()
  }
}

/** @throws StoreError `damaged` */
export function requireSound(database: Connection, path: string): void {
  const found = database.get('PRAGMA quick_check(1)')?.text('quick_check')
  if (found === 'ok') return
  throw new StoreError('damaged', 'store', `${path} is damaged: ${found}`, {
    hint: 'take another backup',
  })
}

async function publish(temporary: string, path: string, replace: boolean): Promise<void> {
  if (replace) await rename(temporary, path)
  else await link(temporary, path)
  await syncDirectory(systemFileSystem, dirname(path))
}

export async function syncFile(path: string): Promise<void> {
  await using handle = await open(path, 'r+')
  await handle.sync()
}

async function removeIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (systemErrorCode(error) !== 'ENOENT') throw error
  })
}

function noStore(path: string): StoreError {
  return new StoreError('missing', 'store', `there is no store at ${path}`, {
    hint: "name the hub's data directory with --data-dir",
  })
}

function alreadyThere(path: string): StoreError {
  return new StoreError('exists', 'store', `${path} is there already`, {
    hint: 'give another name, or --replace to have it replaced',
  })
}

function unwritable(path: string, cause: unknown): StoreError {
  if (systemErrorCode(cause) === 'EEXIST') return alreadyThere(path)
  return new StoreError('unavailable', 'store', `${path} can't be written`, {
    hint: 'look at the directory, its permissions and the free space',
    cause,
  })
}
