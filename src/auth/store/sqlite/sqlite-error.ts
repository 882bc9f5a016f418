import { messageOf, systemErrorCode } from '../../../base/errors.ts'
import { StoreError } from '../../storage.ts'

// Primary result codes: https://www.sqlite.org/rescode.html
const CORRUPT = 11
const FULL = 13
const TOOBIG = 18
const CONSTRAINT = 19
const MISMATCH = 20
const NOTADB = 26

/**
 * A failure of SQLite as the store's error. Whatever else was thrown comes back as it is, and so
 * does SQLite's refusal of the values given: that is the fault of the act, not of the store.
 */
export function storeError(error: unknown): unknown {
  if (systemErrorCode(error) === 'ERR_INVALID_STATE') return closedError()
  const result = primaryResult(error)
  if (result === undefined) return error
  switch (result) {
    case CORRUPT:
    case NOTADB:
      return new StoreError('damaged', 'store', `the database is damaged: ${messageOf(error)}`, {
        hint: 'restore hub.db from a backup; keep the damaged file for inspection',
        cause: error,
      })
    case TOOBIG:
    case CONSTRAINT:
    case MISMATCH:
      return error
    default:
      return new StoreError('unavailable', 'store', `the store failed: ${messageOf(error)}`, {
        hint: result === FULL ? 'free space on its disk' : 'look at its disk and file system',
        cause: error,
      })
  }
}

export function closedError(): StoreError {
  return new StoreError('unavailable', 'store', 'the store is closed')
}

function primaryResult(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}
