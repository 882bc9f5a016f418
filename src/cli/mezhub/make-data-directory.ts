import { messageOf } from '../../base/errors.ts'
import { systemFileSystem } from '../../base/file-system.ts'
import { ensureSafeDirectory, UnsafeDirectoryError } from '../../base/safe-directory.ts'
import { CliError } from '../cli-error.ts'
import type { Invocation } from '../invocation.ts'

/**
 * Makes it for the hub alone, under parents for everyone; or finds that nobody else can lead the hub
 * elsewhere or put something into it.
 *
 * @returns its path without symbolic links
 * @throws CliError `unsafe-directory`, `file-unwritable`
 */
export async function makeDataDirectory(
  path: string,
  { uid }: Pick<Invocation, 'uid'>,
): Promise<string> {
  const self = { uid, gid: process.getegid?.() ?? -1 }
  try {
    return await ensureSafeDirectory(systemFileSystem, path, { self, mode: 0o700 })
  } catch (cause) {
    if (cause instanceof UnsafeDirectoryError) {
      const { message, hint } = cause
      throw new CliError('unsafe-directory', `the data directory is not safe: ${message}`, {
        hint,
        cause,
      })
    }
    throw new CliError('file-unwritable', `the data directory can't be made: ${messageOf(cause)}`, {
      hint: 'choose another one with --data-dir, or make it for this user: install -d -m 0700 -o USER DIR',
      cause,
    })
  }
}
