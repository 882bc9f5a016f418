import type { Stats } from 'node:fs'
import { type FileHandle, lstat, open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { systemErrorCode } from '../../../base/errors.ts'
import { StoreError } from '../../storage.ts'

/** In the data directory. */
export const DATABASE = 'hub.db'

/** A restored database that isn't in its place yet: see restore.ts. */
export const RESTORED_DATABASE = 'hub.db.restored'

const OTHERS_WRITE = 0o022
/** The database, its logs, the lock, the door for this machine. */
const OURS = /^hub\.(?:db(?:-wal|-shm|-journal|\.restored)?|lock(?:-holder)?|sock)$/
const SOCKET = 'hub.sock'

/**
 * The data directory holds the CAs' private keys: it must be this user's, and no one else may be
 * able to put files into it, or have put there what SQLite would take for its own.
 *
 * @throws StoreError `unavailable`
 */
export async function checkDirectory(path: string, uid: number): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    throw refused(path, `can't be read`, `create it: install -d -m 0700 ${path}`, error)
  })
  if (!found.isDirectory()) throw refused(path, 'is not a directory', 'give another path')
  requireOwn(path, found, uid)
  for (const name of (await readdir(path)).filter((name) => OURS.test(name))) {
    const file = join(path, name)
    const stats = await lstat(file)
    if (!stats.isFile() && !(name === SOCKET && stats.isSocket())) {
      throw refused(file, 'is not a file of the hub', 'find out who put it there, and move it away')
    }
    requireOwn(file, stats, uid)
  }
}

function requireOwn(path: string, stats: Stats, uid: number): void {
  if (stats.uid !== uid) {
    const hint = `run as that user, or give it to this one: chown -R ${uid} ${path}`
    throw refused(path, `belongs to user ${stats.uid}, and this process runs as ${uid}`, hint)
  }
  if ((stats.mode & OTHERS_WRITE) !== 0) {
    throw refused(path, 'can be written by other users', `close it: chmod go-w ${path}`)
  }
}

/**
 * Makes an empty file, 0600, whose name is durable; SQLite gives its log the same mode. A file that
 * is there is left alone: closing a descriptor of it would end SQLite's locks on it.
 */
export async function createDatabaseFile(directory: string, path: string): Promise<void> {
  try {
    await (await open(path, 'wx', 0o600)).close()
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return
    throw refused(path, `can't be created`, 'look at the disk and its free space', error)
  }
  try {
    const handle: FileHandle = await open(directory, 'r')
    await handle.sync().finally(() => handle.close())
  } catch (error) {
    throw refused(
      directory,
      "can't be synced to its disk",
      'look at its disk and file system',
      error,
    )
  }
}

/** @throws StoreError `unavailable` where a restore was cut off while it replaced the database */
export async function refuseHalfRestored(directory: string): Promise<void> {
  const path = join(directory, RESTORED_DATABASE)
  if (!(await isThere(path))) return
  throw refused(path, 'is there: a restore was cut off', 'run mezhub restore --replace again')
}

export async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false
    throw error
  }
}

function refused(path: string, what: string, hint: string, cause?: unknown): StoreError {
  return new StoreError('unavailable', 'store', `${path} ${what}`, { hint, cause })
}
