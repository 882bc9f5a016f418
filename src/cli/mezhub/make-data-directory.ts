import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { messageOf, systemErrorCode } from '../../base/errors.ts'
import { syncDirectory, systemFileSystem } from '../../base/file-system.ts'
import { CliError } from '../cli-error.ts'

/** For the hub alone, under parents for everyone. One that is there stays as it is. */
export async function makeDataDirectory(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 })
    await mkdir(path, { mode: 0o700 })
    await syncDirectory(systemFileSystem, dirname(path))
  } catch (cause) {
    if (systemErrorCode(cause) === 'EEXIST') return
    throw new CliError('file-unwritable', `the data directory can't be made: ${messageOf(cause)}`, {
      hint: 'choose another one with --data-dir, or make it for this user: install -d -m 0700 -o USER DIR',
      cause,
    })
  }
}
