import { messageOf, systemErrorCode } from '../../base/errors.ts'
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
    const message = `the data directory ${path} can't be made: ${messageOf(cause)}`
    throw new CliError('file-unwritable', message, { hint: hintFor(cause), cause })
  }
}

const DISK_HINTS: Readonly<Record<string, string>> = {
  EIO: "the disk has failed: see the kernel's log (dmesg)",
  ENOSPC: 'free some space on its disk',
  EDQUOT: 'free some space, or raise the quota',
  EROFS: 'remount its file system, or choose another one with --data-dir',
}

function hintFor(cause: unknown): string {
  return (
    DISK_HINTS[systemErrorCode(cause) ?? ''] ??
    'choose another one with --data-dir, or make it for this user: install -d -m 0700 -o USER DIR'
  )
}
