import type { AuditEvent } from './audit-event.ts'
import type { AuthErrorCode } from './errors.ts'
import { AuthError } from './errors.ts'
import { isRefusal, type RefusalLog } from './refusal-log.ts'
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

/**
 * The same for an act whose refusals go into the audit log: the event that `refusal` makes of one is
 * durable, or counted (see refusal-log.ts), before the caller is told.
 */
export async function decideOrRecord<Result>(
  refusals: Pick<RefusalLog, 'record'>,
  attempt: () => Promise<Result>,
  refusal: (reason: AuthErrorCode) => AuditEvent,
): Promise<Result> {
  try {
    return await decideAndCommit(attempt)
  } catch (error) {
    if (isRefusal(error)) {
      const event = refusal(error.code)
      await decideAndCommit(() => refusals.record(event))
    }
    throw error
  }
}

/**
 * The same for a join. Who guesses is told so after a while, and no more: but each token is looked up
 * first, so that nobody can keep another from joining by guessing.
 *
 * @param address where the caller is
 */
export async function decideJoin<Result>(
  refusals: Pick<RefusalLog, 'record' | 'refuseJoin'>,
  address: string,
  attempt: () => Promise<Result>,
  refusal: (reason: AuthErrorCode) => AuditEvent,
): Promise<Result> {
  try {
    return await decideOrRecord(refusals, attempt, refusal)
  } catch (error) {
    throw isRefusal(error) ? refusals.refuseJoin(address, error) : error
  }
}
