import { MeziteError, messageOf, systemErrorCode } from '../base/errors.ts'

/**
 * - `invalid-parameters`: they contradict each other, or can't be carried out
 * - `token-needed`: there is no identity yet, and no token to get one with
 * - `wrong-token`: the token is not one that a bot joins with
 * - `unsafe-destination`, `unsafe-state`: another user could change or read what stands there
 * - `occupied`: something of somebody else's stands where an output belongs
 * - `held`: another process works on the same directory
 * - `state-corrupt`, `state-version`: a file of the state directory that can't be used
 * - `no-certificate`: there is no valid certificate to be used
 * - `hook-failed`: the certificate is published, and the command to be run then has failed
 * - `clock-skew`: the hub's clock has jumped, and what it issues by it is of no use here
 * - `bad-issue`: the hub issued something else than it was asked for
 * - `not-permitted` (EACCES, EPERM), `read-only` (EROFS), `disk-full` (ENOSPC, EDQUOT), `file-failed`:
 *   a file could not be read or written
 */
export type IdentityErrorCode =
  | 'invalid-parameters'
  | 'token-needed'
  | 'wrong-token'
  | 'unsafe-destination'
  | 'unsafe-state'
  | 'occupied'
  | 'held'
  | 'state-corrupt'
  | 'state-version'
  | 'no-certificate'
  | 'hook-failed'
  | 'clock-skew'
  | 'bad-issue'
  | 'not-permitted'
  | 'read-only'
  | 'disk-full'
  | 'file-failed'

/** The one error of this folder. Never holds key material or a token. */
export class IdentityError extends MeziteError<IdentityErrorCode> {}

interface FileFault {
  readonly code: IdentityErrorCode
  readonly what: string
  readonly hint: string
}

const NOT_PERMITTED: FileFault = {
  code: 'not-permitted',
  what: 'permission denied',
  hint: 'run mezd as the owner of the directory, or give it to the user that mezd runs as (chown)',
}

const DISK_FULL: FileFault = {
  code: 'disk-full',
  what: 'no space is left on the disk',
  hint: 'free some space, or raise the quota; nothing that was there is lost',
}

const FILE_FAULTS: Readonly<Record<string, FileFault>> = {
  EACCES: NOT_PERMITTED,
  EPERM: NOT_PERMITTED,
  EROFS: {
    code: 'read-only',
    what: 'the file system is read-only',
    hint: 'choose a directory on one that can be written, or remount it',
  },
  EIO: {
    code: 'file-failed',
    what: 'the disk has failed',
    hint: "see the kernel's log (dmesg); what was there is as it was",
  },
  ENOSPC: DISK_FULL,
  EDQUOT: DISK_FULL,
}

/** Does something with files below `path`, and names it in the error when that fails. */
export async function onFiles<Value>(path: string, act: () => Promise<Value>): Promise<Value> {
  try {
    return await act()
  } catch (error) {
    const errno = systemErrorCode(error)
    if (errno === undefined || error instanceof MeziteError) throw error
    throw (
      namedFault(path, error) ??
      new IdentityError('file-failed', `${path}: ${messageOf(error)} (${errno})`, { cause: error })
    )
  }
}

/** The error for a system error that an operator can do something about; undefined for others. */
export function namedFault(path: string, error: unknown): IdentityError | undefined {
  const errno = systemErrorCode(error) ?? ''
  const fault = Object.hasOwn(FILE_FAULTS, errno) ? FILE_FAULTS[errno] : undefined
  if (fault === undefined) return undefined
  const { code, what, hint } = fault
  return new IdentityError(code, `${path}: ${what} (${errno})`, { hint, cause: error })
}
