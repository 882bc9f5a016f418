/**
 * The last destination that this user published to: `mezite/last-destination` in the user's own
 * directory for states (`$XDG_STATE_HOME` or `~/.local/state`). `msh` looks there when it is told of
 * no identity.
 */
import { constants } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { systemErrorCode } from '../base/errors.ts'
import { type FileSystem, writeFileDurably } from '../base/file-system.ts'
import { onFiles } from './errors.ts'

const LONGEST_PATH = 4096

/**
 * @param base `$XDG_STATE_HOME` or `~/.local/state`, absolute; made when it is missing
 * @param destination absolute
 * @throws IdentityError
 */
export async function recordLastDestination(
  fs: FileSystem,
  base: string,
  destination: string,
): Promise<void> {
  const directory = join(base, 'mezite')
  await onFiles(directory, async () => {
    await fs.mkdir(directory, { recursive: true, mode: 0o700 })
    await writeFileDurably(fs, fileIn(base), `${destination}\n`, { mode: 0o600 })
  })
}

/**
 * The recorded destination; undefined when there is none, or when another user has written it or
 * could have.
 *
 * @throws IdentityError when the file is there and can't be read
 */
export async function readLastDestination(
  fs: Pick<FileSystem, 'open'>,
  base: string,
  uid: number,
): Promise<string | undefined> {
  const path = fileIn(base)
  return onFiles(path, async () => {
    try {
      await using file = await fs.open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
      const stats = await file.stat()
      const isOwn = stats.isFile() && stats.uid === uid && (stats.mode & 0o022) === 0
      if (!isOwn || stats.size > LONGEST_PATH) return undefined
      const text = await file.readFile('utf8')
      const destination = text.endsWith('\n') ? text.slice(0, -1) : text
      return isAbsolute(destination) && !/\p{Cc}/u.test(destination) ? destination : undefined
    } catch (error) {
      const code = systemErrorCode(error)
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined
      throw error
    }
  })
}

function fileIn(base: string): string {
  return join(base, 'mezite', 'last-destination')
}
