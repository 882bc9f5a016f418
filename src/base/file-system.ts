/**
 * The file system as an argument, and the few acts on it that survive a crash at any instruction:
 * whoever reads a path finds the old content or the new one, whole.
 *
 * A path has one writer at a time, in a directory that nobody else can write. A crash leaves at most
 * one file `.NAME.new` beside it, which the next write replaces.
 */
import { constants } from 'node:fs'
import * as promises from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { systemErrorCode } from './errors.ts'

/** The functions of `node:fs/promises` that Mezite writes and reads its own directories with. */
export type FileSystem = Readonly<
  Pick<
    typeof promises,
    | 'lstat'
    | 'mkdir'
    | 'open'
    | 'readdir'
    | 'readFile'
    | 'readlink'
    | 'rename'
    | 'rm'
    | 'symlink'
    | 'unlink'
    | 'utimes'
  >
>

export const systemFileSystem: FileSystem = promises

export interface FileOwner {
  readonly uid: number
  readonly gid: number
}

export interface FileAttributes {
  /** Permission bits, set whatever the umask is. */
  readonly mode: number
  /** Left out: whoever this process is. */
  readonly owner?: FileOwner | undefined
}

export type FileContent = string | Uint8Array | AsyncIterable<string | Uint8Array>

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants

/** A new file, on the disk with its content when this resolves; its entry in the directory isn't. */
export async function createFile(
  fs: FileSystem,
  path: string,
  content: FileContent,
  { mode, owner }: FileAttributes,
): Promise<void> {
  // Nobody reads a secret through a mode that its file has only for an instant: the first mode is
  // the final one, narrowed by the umask.
  await using handle = await fs.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode)
  await handle.writeFile(content)
  if (owner !== undefined) await handle.chown(owner.uid, owner.gid)
  await handle.chmod(mode)
  await handle.sync()
}

/**
 * Replaces the file at `path`, or creates it; durable when this resolves. Content that comes part by
 * part is in place when all of it has come, and not at all where it fails.
 */
export async function writeFileDurably(
  fs: FileSystem,
  path: string,
  content: FileContent,
  attributes: FileAttributes,
): Promise<void> {
  await replace(fs, path, (temporary) => createFile(fs, temporary, content, attributes))
}

/** Makes `path` a symbolic link to `target`, in one step also where it was another; durable. */
export async function swapSymlink(fs: FileSystem, target: string, path: string): Promise<void> {
  await replace(fs, path, (temporary) => fs.symlink(target, temporary))
}

/** Removes a file that may be gone already; durable. */
export async function removeDurably(fs: FileSystem, path: string): Promise<void> {
  await unlinkIfThere(fs, path)
  await syncDirectory(fs, dirname(path))
}

/** Undefined when there is no such file. */
export async function readIfThere(
  fs: Pick<FileSystem, 'readFile'>,
  path: string,
): Promise<Buffer | undefined> {
  try {
    return await fs.readFile(path)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Makes the entries of a directory durable: what was created in it, renamed or removed. */
export async function syncDirectory(fs: FileSystem, path: string): Promise<void> {
  await using handle = await fs.open(path, O_RDONLY | O_DIRECTORY)
  await handle.sync()
}

async function replace(
  fs: FileSystem,
  path: string,
  create: (temporary: string) => Promise<void>,
): Promise<void> {
  const directory = dirname(path)
  const temporary = join(directory, `.${basename(path)}.new`)
  await unlinkIfThere(fs, temporary)
  try {
    await create(temporary)
    await fs.rename(temporary, path)
  } catch (error) {
    // On a full disk the half-written file would be in the way of what frees it.
    await fs.unlink(temporary).catch(() => undefined)
    throw error
  }
  await syncDirectory(fs, directory)
}

async function unlinkIfThere(fs: FileSystem, path: string): Promise<void> {
  try {
    await fs.unlink(path)
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error
  }
}
