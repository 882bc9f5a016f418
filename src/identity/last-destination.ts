/**
 * The last destination that this user published to: `mezite/last-destination` in the user's own
 * directory for states (`$XDG_STATE_HOME` or `~/.local/state`). `msh` looks there when it is told of
 * no identity.
 */
import { isAbsolute, join } from 'node:path'
import { systemErrorCode } from '../base/errors.ts'
import { type FileOwner, type FileSystem, writeFileDurably } from '../base/file-system.ts'
import { PlainFileError, readPlainFile } from '../base/plain-file.ts'
import { onFiles } from './errors.ts'
import { ensureSafeDirectory } from './safe-directory.ts'

const LONGEST_PATH = 4096
const FILE = 'last-destination'

/**
 * @param base `$XDG_STATE_HOME` or `~/.local/state`, absolute; made when it is missing
 * @param destination absolute
 * @throws IdentityError
 */
export async function recordLastDestination(
  fs: FileSystem,
  base: string,
  destination: string,
  self: FileOwner,
): Promise<void> {
  const directory = await ensureSafeDirectory(fs, join(base, 'mezite'), {
    self,
    mode: 0o700,
    what: 'the directory of the last destination',
    code: 'unsafe-state',
  })
  const path = join(directory, FILE)
  await onFiles(path, () => writeFileDurably(fs, path, `${destination}\n`, { mode: 0o600 }))
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
      const limits = { largest: LONGEST_PATH, owner: uid }
      const text = (await readPlainFile(fs, path, limits)).toString()
      const destination = text.endsWith('\n') ? text.slice(0, -1) : text
      return isAbsolute(destination) && !/\p{Cc}/u.test(destination) ? destination : undefined
    } catch (error) {
      const code = systemErrorCode(error)
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
      if (error instanceof PlainFileError) return undefined
      throw error
    }
  })
}

function fileIn(base: string): string {
  return join(base, 'mezite', FILE)
}
