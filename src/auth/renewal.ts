/**
 * Renewal: one generation of an instance becomes the next. The decision is `decideGeneration`'s;
 * here it is carried out, in one durable act.
 */
import { admitBot, requireSameRoles } from './admission.ts'
import type { BotCaller } from './caller.ts'
import { decideOrRecord } from './commit.ts'
import type { LineageContext } from './context.ts'
import { eventBy } from './context.ts'
import { type DoubleUse, decideGeneration } from './generation.ts'
import { aboutIssue, lastSeen, onRecord } from './instance.ts'
import type { CertificateRequest, CheckedRequest, IssuedIdentity } from './issuing.ts'
import { checkRequest, issueIdentity } from './issuing.ts'
import { afterIssue, issueFields, lockForDoubleUse, presentedBy } from './lineage.ts'
import { aboutLock } from './locks.ts'
import { RateTable, RENEWAL_RATE, requireRate } from './rate.ts'
import { type ReadmissionUse, requireValidOrReadmitted } from './readmission.ts'
import type { BotRecord, InstanceRecord } from './records.ts'
import { generationMismatch, instanceUnknown, overtaken } from './refusals.ts'
import { dropForgottenUnlocks, forgottenInstance } from './restoring.ts'
import type { Roles } from './roles.ts'
import type { Act } from './storage.ts'

export interface Renewal {
  /**
   * @throws AuthError `generation-mismatch` (and the instance is locked from then on),
   *   `bot-removed`, `bot-locked`, `instance-locked`, `instance-unknown`, `identity-expired`,
   *   `interval-too-long`, `rate-limited`, `invalid-request`; each but the last is in the audit log
   */
  renew(caller: BotCaller, request: CertificateRequest): Promise<IssuedIdentity>
}

/** @param decide another decision, for tests that show what it would break */
export function createRenewal(
  context: LineageContext,
  roles: Roles,
  decide = decideGeneration,
): Renewal {
  const { store, clock, refusals, recent } = context
  const renewals = new RateTable(RENEWAL_RATE)

  async function attempt(caller: BotCaller, request: CheckedRequest): Promise<IssuedIdentity> {
    const readmission = await requireValidOrReadmitted(context, caller)
    requireRate(renewals, caller.instanceId, clock.monotonic(), 'renewals of this instance')
    await dropForgottenUnlocks(context, caller)
    const admitted = await admitBot(context, roles, caller.bot, caller.instanceId)
    const { bot, roles: held } = admitted
    const known = await store.instances.get(caller.instanceId)
    const stored = known ?? forgottenInstance(context, caller, bot)
    if (stored?.bot !== bot.name) throw instanceUnknown(caller)

    const before = recent.at(caller.instanceId, caller.connectedAt)
    const decision = decide(stored, presentedBy(caller, request), before)
    if (decision.action === 'late') throw overtaken(caller)
    const use = readmission.use(decision)
    if (decision.action === 'lock') {
      await lockInstance(context, caller, bot, stored, decision.reason, use)
      throw generationMismatch(caller, stored.generation)
    }
    const { id } = stored
    const issued = issueIdentity(
      context,
      bot,
      held,
      { id, generation: decision.generation },
      request,
    )
    const instance: InstanceRecord = {
      ...stored,
      ...lastSeen(caller, issued, request),
      ...afterIssue(stored, caller, decision, request),
    }
    const act: Act = {
      changes: [
        { kind: 'expect-bot', name: bot.name, revision: bot.revision },
        known
          ? { kind: 'replace-instance', expected: known, instance }
          : { kind: 'insert-instance', instance },
        onRecord(issued, request),
        ...use.changes,
      ],
      events: [
        ...use.events,
        eventBy(context, caller, 'bot.renew', aboutIssue(issued, issueFields(decision, stored))),
      ],
    }
    await recent.replacing(id, stored, () => store.commit(act))
    requireSameRoles(context, admitted)
    return issued
  }

  return {
    async renew(caller, unchecked) {
      const request = checkRequest(unchecked)
      return decideOrRecord(
        refusals,
        () => attempt(caller, request),
        (reason) => {
          const { bot, instanceId, generation } = caller
          const fields = { reason, presented_generation: String(generation) }
          return eventBy(context, caller, 'bot.renew', { bot, instanceId, fields }, 'refused')
        },
      )
    },
  }
}

/** The lock, and what it rests on: that nobody moved or locked the instance in the meantime. */
async function lockInstance(
  context: LineageContext,
  caller: BotCaller,
  bot: BotRecord,
  stored: InstanceRecord,
  reason: DoubleUse,
  use: ReadmissionUse,
): Promise<void> {
  const target = { kind: 'instance', bot: stored.bot, instanceId: stored.id } as const
  const { lock, fields } = lockForDoubleUse(context, target, caller, stored, reason)
  const about = aboutLock(lock, fields)
  await context.store.commit({
    changes: [
      { kind: 'expect-bot', name: bot.name, revision: bot.revision },
      { kind: 'replace-instance', expected: stored, instance: stored },
      { kind: 'insert-lock', lock },
      { kind: 'touch-bot', name: stored.bot },
      ...use.changes,
    ],
    events: [{ ...eventBy(context, caller, 'lock.create', about), actor: 'hub' }],
  })
}
