import type { AuditEvent } from './audit-event.ts'
import type { AuthErrorCode } from './errors.ts'
import { AuthError } from './errors.ts'
import type { Store, StoreErrorCode } from './storage.ts'
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

/**
 * The same for an act whose refusals go into the audit log: the event that `refusal` makes of one is
 * durable before the caller is told. What the store can't do leaves none, as it couldn't be stored.
 */
export async function decideOrRecord<Result>(
  store: Pick<Store, 'commit'>,
  attempt: () => Promise<Result>,
  refusal: (reason: AuthErrorCode) => AuditEvent,
): Promise<Result> {
  try {
    return await decideAndCommit(attempt)
  } catch (error) {
    if (error instanceof AuthError && error.code !== 'unavailable') {
      const event = refusal(error.code)
      await decideAndCommit(() => store.commit({ changes: [], events: [event] }))
    }
    throw error
  }
}
