import { messageOf, systemErrorCode } from '../../../base/errors.ts'
import { StoreError } from '../../storage.ts'

// Primary result codes: https://www.sqlite.org/rescode.html
const PERM = 3
const BUSY = 5
const READONLY = 8
const IOERR = 10
const CORRUPT = 11
const FULL = 13
const CANTOPEN = 14
const TOOBIG = 18
const CONSTRAINT = 19
const MISMATCH = 20
const NOTADB = 26

/** What in reading or writing has failed, by extended result code. */
const IO_FAILURES: Readonly<Record<number, string>> = {
  266: 'read',
  522: 'read',
  778: 'write',
  1034: 'fsync',
  1290: 'fsync of the directory',
  1546: 'truncation',
}

const LOOK = 'look at its disk and file system'
const HINTS: Readonly<Record<number, string>> = {
  [FULL]: 'free space on its disk',
  [BUSY]: 'another process has locked it: end that one',
  [READONLY]: 'its file system is read-only, or the file is: remount it, or chmod u+w',
  [PERM]: "give it to the user that mezhub runs as, with chown, and see its directory's mode",
  [CANTOPEN]: LOOK,
}

/**
 * A failure of SQLite with the database at `path` as the store's error. Whatever else was thrown comes back as it is, and so
 * does SQLite's refusal of the values given: that is the fault of the act, not of the store.
 */
export function storeError(error: unknown, path: string): unknown {
  if (systemErrorCode(error) === 'ERR_INVALID_STATE') return closedError()
  const result = primaryResult(error)
  if (result === undefined) return error
  switch (result) {
    case CORRUPT:
    case NOTADB:
      return new StoreError('damaged', 'store', `${path} is damaged: ${messageOf(error)}`, {
        hint: 'restore hub.db from a backup; keep the damaged file for inspection',
        cause: error,
      })
    case TOOBIG:
    case CONSTRAINT:
    case MISMATCH:
      return error
    default:
      return new StoreError('unavailable', 'store', `${path} failed: ${reasonOf(error)}`, {
        hint: HINTS[result] ?? LOOK,
        cause: error,
      })
  }
}

export function closedError(): StoreError {
  return new StoreError('unavailable', 'store', 'the store is closed')
}

/** Whether reading or writing failed, after which the content of the files is in doubt. */
export function isOfDisk({ cause }: StoreError): boolean {
  return primaryResult(cause) === IOERR
}

function reasonOf(error: unknown): string {
  const what = IO_FAILURES[resultCode(error) ?? 0]
  return what === undefined ? messageOf(error) : `${messageOf(error)} (${what})`
}

function primaryResult(error: unknown): number | undefined {
  const code = resultCode(error)
  return code === undefined ? undefined : code & 0xff
}

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode : undefined
}
