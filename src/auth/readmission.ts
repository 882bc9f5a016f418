/**
 * Readmission: an identity that has expired is renewed once more, by an administrator's leave.
 *
 * For as long as the leave lasts, `decideGeneration` decides on renewals of that one instance as if
 * nothing had expired, so that a second copy of the credential is found out as ever:
 *
 * | it decides | the leave is unused | used |
 * | --- | --- | --- |
 * | advance, recover | renew; the leave is used | refuse: expired |
 * | repeat | renew; the leave is used | renew: the answer was lost |
 * | lock | lock; the leave is over | the same |
 *
 * Without a leave, before and after it, an expired identity is good for nothing at all, not even for
 * a lock.
 */
import type { AuditEvent } from './audit-event.ts'
import { type AuthContext, eventBy } from './context.ts'
import type { AuthError } from './errors.ts'
import type { GenerationDecision } from './generation.ts'
import type { LineageCaller } from './lineage.ts'
import type { ReadmissionRecord, ReadmissionTarget } from './records.ts'
import { identityExpired, nodeIdentityExpired } from './refusals.ts'
import type { Change } from './storage.ts'

/** Whether a leave lasts at `now`, used or not. */
export function isOpen({ expiresAt }: ReadmissionRecord, now: number): boolean {
  return expiresAt > now
}

/** What a renewal with an expired identity rests on. */
export interface Readmission {
  /** To be committed with what `decision` makes of the renewal. @throws AuthError `identity-expired` */
  use(decision: Exclude<GenerationDecision, { action: 'late' }>): ReadmissionUse
}

export interface ReadmissionUse {
  readonly changes: readonly Change[]
  readonly events: readonly AuditEvent[]
}

const NOTHING: ReadmissionUse = { changes: [], events: [] }
const NOT_NEEDED: Readmission = { use: () => NOTHING }

/**
 * Lets the bearer of a valid identity pass, and that of an expired one by a leave.
 *
 * @throws AuthError `identity-expired`
 */
export async function requireValidOrReadmitted(
  context: Pick<AuthContext, 'store' | 'clock'>,
  caller: LineageCaller,
): Promise<Readmission> {
  const now = context.clock.now()
  if (caller.expiresAt > now) return NOT_NEEDED
  const readmission = await context.store.readmissions.get(caller.instanceId)
  if (!readmission || !isFor(readmission, caller) || !isOpen(readmission, now)) {
    throw expired(caller, now)
  }
  return { use: (decision) => useOf(context, caller, readmission, decision, now) }
}

function isFor({ target }: ReadmissionRecord, caller: LineageCaller): boolean {
  if (target.instanceId !== caller.instanceId) return false
  return target.kind === 'bot'
    ? caller.kind === 'bot' && caller.bot === target.bot
    : caller.kind === 'node' && caller.node === target.node
}

function useOf(
  context: Pick<AuthContext, 'clock'>,
  caller: LineageCaller,
  readmission: ReadmissionRecord,
  { action }: Exclude<GenerationDecision, { action: 'late' }>,
  now: number,
): ReadmissionUse {
  const { id, target, createdBy } = readmission
  const { instanceId } = target
  if (action === 'lock') {
    return { changes: [{ kind: 'delete-readmission', instanceId }], events: [] }
  }
  if (readmission.usedAt !== undefined) {
    if (action === 'repeat') return NOTHING
    throw expired(caller, now)
  }
  const about = aboutReadmission(target, { readmission: id, granted_by: createdBy })
  return {
    changes: [{ kind: 'use-readmission', instanceId, id, usedAt: now }],
    events: [eventBy(context, caller, 'readmission.use', about)],
  }
}

/** What the audit log says of a leave. */
export function aboutReadmission<Fields extends object>(target: ReadmissionTarget, fields: Fields) {
  const { instanceId } = target
  return target.kind === 'bot'
    ? { bot: target.bot, instanceId, fields }
    : { instanceId, fields: { ...fields, node: target.node } }
}

function expired(caller: LineageCaller, now: number): AuthError {
  return caller.kind === 'bot' ? identityExpired(caller, now) : nodeIdentityExpired(caller, now)
}
