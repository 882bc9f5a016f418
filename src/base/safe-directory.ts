/**
 * Directories that nobody but this process's user, and root, can change: neither their entries, nor
 * any name on the way to them.
 */
import { constants, type Stats } from 'node:fs'
import { dirname, join } from 'node:path'
import { MeziteError, systemErrorCode } from './errors.ts'
import { type FileOwner, type FileSystem, syncDirectory } from './file-system.ts'

export class UnsafeDirectoryError extends MeziteError<'unsafe'> {}

const ROOT = 0
const STICKY = 0o1000
const GROUP_WRITES = 0o020
const OTHERS_WRITE = 0o002
const ALL_OF_OTHERS = 0o077
const PARENT_MODE = 0o755
/** As the kernel's own limit (ELOOP). */
const MOST_LINKS = 40

export interface SafeDirectoryOptions {
  /** Effective ids of this process. */
  readonly self: FileOwner
  /** Of the directory, when it is made here; those above it are 0755. */
  readonly mode: number
  /** Whether it is refused when others may look into it. */
  readonly secret?: boolean
}

/**
 * Walks to a directory from the root, refuses what another user could have put in the way, and
 * makes what is missing. Once this resolves no other user can lead the path elsewhere: each name on
 * it stands in a directory that only root and this user can write, or in a sticky one.
 *
 * @returns the path without symbolic links
 * @throws UnsafeDirectoryError; or the system's error, with its path, where a directory can't be made
 */
export async function ensureSafeDirectory(
  fs: FileSystem,
  path: string,
  options: SafeDirectoryOptions,
): Promise<string> {
  let names = namesOf(path)
  let reached = '/'
  let links = 0
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    if (name === '..') {
      reached = dirname(reached)
      continue
    }
    const next = join(reached, name)
    const stats = await statOrCreate(fs, next, names.length === 0 ? options.mode : PARENT_MODE)
    if (stats.isSymbolicLink()) {
      if (++links > MOST_LINKS) throw unsafe(path, 'leads through a loop of symbolic links')
      requireOwnLink(next, stats, options)
      const target = await fs.readlink(next)
      if (target.startsWith('/')) reached = '/'
      names = [...namesOf(target), ...names]
      continue
    }
    if (!stats.isDirectory()) throw unsafe(next, 'is not a directory', CHOOSE_ANOTHER)
    if (names.length > 0) requireSafeParent(next, stats, options)
    reached = next
  }
  requireOwn(reached, await fs.lstat(reached), options)
  return reached
}

async function statOrCreate(fs: FileSystem, path: string, mode: number): Promise<Stats> {
  try {
    return await fs.lstat(path)
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error
  }
  await makeDirectory(fs, path, mode)
  return fs.lstat(path)
}

/**
 * A durable directory of exactly this mode, whatever the umask is. One that is there stays; a link or
 * anything else in its place is an error of the system's.
 */
export async function makeDirectory(
  fs: FileSystem,
  path: string,
  mode: number,
  owner?: FileOwner,
): Promise<void> {
  try {
    await fs.mkdir(path, { mode })
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error
    await (await openDirectory(fs, path)).close()
    return
  }
  await using handle = await openDirectory(fs, path)
  if (owner !== undefined) await handle.chown(owner.uid, owner.gid)
  await handle.chmod(mode)
  await syncDirectory(fs, dirname(path))
}

export function openDirectory(fs: FileSystem, path: string) {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants
  return fs.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
}

function requireOwnLink(path: string, stats: Stats, options: SafeDirectoryOptions): void {
  if (stats.uid === ROOT || stats.uid === options.self.uid) return
  throw unsafe(path, `is a symbolic link of user ${stats.uid}`, CHOOSE_ANOTHER)
}

function requireOwn(path: string, stats: Stats, options: SafeDirectoryOptions): void {
  const { uid } = options.self
  if (stats.uid !== uid) {
    throw unsafe(
      path,
      `belongs to user ${stats.uid}, this process runs as user ${uid}`,
      `chown ${uid} ${path}, or choose another directory`,
    )
  }
  if ((stats.mode & (GROUP_WRITES | OTHERS_WRITE)) !== 0) {
    throw unsafe(path, 'can be written by other users', `chmod go-w ${path}`)
  }
  if (options.secret && (stats.mode & ALL_OF_OTHERS) !== 0) {
    throw unsafe(path, 'can be read by other users', `chmod 700 ${path}`)
  }
}

function requireSafeParent(path: string, stats: Stats, options: SafeDirectoryOptions): void {
  const { uid, gid } = options.self
  if (stats.uid !== ROOT && stats.uid !== uid) {
    throw unsafe(path, `belongs to user ${stats.uid}, who could replace it`, CHOOSE_ANOTHER)
  }
  if ((stats.mode & STICKY) !== 0) return
  const byGroup = (stats.mode & GROUP_WRITES) !== 0 && stats.gid !== ROOT && stats.gid !== gid
  if (byGroup || (stats.mode & OTHERS_WRITE) !== 0) {
    throw unsafe(path, 'can be written by other users', `chmod go-w ${path}`)
  }
}

const CHOOSE_ANOTHER = 'choose a directory that only root and this user can reach into'

function unsafe(path: string, why: string, hint?: string): UnsafeDirectoryError {
  return new UnsafeDirectoryError('unsafe', `${path} ${why}`, { hint })
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.')
}
