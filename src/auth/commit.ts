import type { AuthErrorCode } from './errors.ts'
import { AuthError } from './errors.ts'
import type { StoreErrorCode } from './storage.ts'
import { StoreError } from './storage.ts'

/** How often an act is decided anew when another one came between its reads and its commit. */
const ATTEMPTS = 16

const CODES: Readonly<Record<StoreErrorCode, AuthErrorCode>> = {
  exists: 'already-exists',
  missing: 'not-found',
  'in-use': 'in-use',
  conflict: 'conflict',
  unavailable: 'unavailable',
  'in-use-by-another': 'unavailable',
  'too-new': 'unavailable',
  damaged: 'unavailable',
}

/**
 * Runs an attempt that reads, decides and commits; runs it again when its commit found that what it
 * had read was no longer so. The store's refusals come out as the domain's.
 */
export async function decideAndCommit<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (let left = ATTEMPTS; ; left--) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      if (error.code === 'conflict' && left > 1) continue
      throw new AuthError(CODES[error.code], error.message, { hint: error.hint, cause: error })
    }
  }
}
