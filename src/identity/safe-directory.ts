/** Safe directories of a bot's or a node's, with errors that say what the directory is. */
import type { FileSystem } from '../base/file-system.ts'
import {
  ensureSafeDirectory as ensure,
  type SafeDirectoryOptions,
  UnsafeDirectoryError,
} from '../base/safe-directory.ts'
import { IdentityError, type IdentityErrorCode, onFiles } from './errors.ts'

export interface NamedDirectoryOptions extends SafeDirectoryOptions {
  /** What the directory is, for messages: `the destination`. */
  readonly what: string
  readonly code: Extract<IdentityErrorCode, 'unsafe-destination' | 'unsafe-state'>
}

/**
 * See `src/base/safe-directory.ts`.
 *
 * @throws IdentityError `unsafe-destination` or `unsafe-state`, or why a directory can't be made
 */
export async function ensureSafeDirectory(
  fs: FileSystem,
  path: string,
  { what, code, ...options }: NamedDirectoryOptions,
): Promise<string> {
  try {
    return await ensure(fs, path, options)
  } catch (cause) {
    if (!(cause instanceof UnsafeDirectoryError)) {
      return onFiles(pathOf(cause) ?? path, () => Promise.reject(cause))
    }
    const { message, hint } = cause
    throw new IdentityError(code, `${what} is not safe: ${message}`, { hint, cause })
  }
}

/** What a system error is about: the directory, or one on the way to it. */
function pathOf(error: unknown): string | undefined {
  const path = error instanceof Error && 'path' in error ? error.path : undefined
  return typeof path === 'string' ? path : undefined
}
