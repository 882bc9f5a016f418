/**
 * Renewal: one generation of an instance becomes the next. The decision is `decideGeneration`'s;
 * here it is carried out, in one durable act.
 */
import { admitBot, requireSameRoles } from './admission.ts'
import type { BotCaller } from './caller.ts'
import { decideAndCommit } from './commit.ts'
import type { BoardContext } from './context.ts'
import { eventBy } from './context.ts'
import { AuthError } from './errors.ts'
import type { DoubleUse, GenerationDecision } from './generation.ts'
import { decideGeneration } from './generation.ts'
import { aboutIssue, lastSeen, onRecord } from './instance.ts'
import type { CertificateRequest, CheckedRequest, IssuedIdentity } from './issuing.ts'
import { checkRequest, issueIdentity } from './issuing.ts'
import type { BotRecord, InstanceRecord, LockRecord } from './records.ts'
import { generationMismatch, identityExpired, instanceUnknown } from './refusals.ts'
import type { Roles } from './roles.ts'

export interface Renewal {
  /**
   * @throws AuthError `generation-mismatch` (and the instance is locked from then on),
   *   `bot-removed`, `bot-locked`, `instance-locked`, `instance-unknown`, `identity-expired`,
   *   `interval-too-long`, `invalid-request`; each but the last is in the audit log
   */
  renew(caller: BotCaller, request: CertificateRequest): Promise<IssuedIdentity>
}

export function createRenewal(context: BoardContext, roles: Roles): Renewal {
  const { store, clock } = context

  async function attempt(caller: BotCaller, request: CheckedRequest): Promise<IssuedIdentity> {
    if (caller.expiresAt <= clock.now()) throw identityExpired(caller.bot)
    const admitted = await admitBot(context, roles, caller.bot, caller.instanceId)
    const { bot, roles: held } = admitted
    const stored = await store.instances.get(caller.instanceId)
    if (stored?.bot !== bot.name) throw instanceUnknown(caller)

    const decision = decideGeneration(stored, {
      generation: caller.generation,
      keyFingerprint: caller.keyFingerprint,
      nextKeyFingerprint: request.keyFingerprint,
      nextSshKeyFingerprint: request.sshKeyFingerprint,
    })
    if (decision.action === 'lock') {
      await lockInstance(context, caller, bot, stored, decision.reason)
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
    await store.commit({
      changes: [
        { kind: 'expect-bot', name: bot.name, revision: bot.revision },
        {
          kind: 'replace-instance',
          expected: stored,
          instance: nextInstance(caller, stored, decision, issued, request),
        },
        onRecord(issued),
      ],
      events: [
        eventBy(context, caller, 'bot.renew', aboutIssue(issued, renewalFields(decision, stored))),
      ],
    })
    requireSameRoles(context, admitted)
    return issued
  }

  return {
    async renew(caller, unchecked) {
      const request = checkRequest(unchecked)
      try {
        return await decideAndCommit(() => attempt(caller, request))
      } catch (error) {
        if (error instanceof AuthError && error.code !== 'unavailable') {
          const about = {
            bot: caller.bot,
            instanceId: caller.instanceId,
            fields: { reason: error.code, presented_generation: String(caller.generation) },
          }
          const event = eventBy(context, caller, 'bot.renew', about, 'refused')
          await decideAndCommit(() => store.commit({ changes: [], events: [event] }))
        }
        throw error
      }
    },
  }
}

function nextInstance(
  caller: BotCaller,
  stored: InstanceRecord,
  decision: Exclude<GenerationDecision, { action: 'lock' }>,
  issued: IssuedIdentity,
  request: CheckedRequest,
): InstanceRecord {
  const seen = { ...stored, ...lastSeen(caller, issued, request) }
  if (decision.action === 'repeat') return seen
  return {
    ...seen,
    generation: decision.generation,
    keyFingerprint: request.keyFingerprint,
    previousKeyFingerprint: caller.keyFingerprint,
    sshKeyFingerprint: request.sshKeyFingerprint,
  }
}

function renewalFields(decision: GenerationDecision, stored: InstanceRecord) {
  switch (decision.action) {
    case 'repeat':
      return { repeated: 'true' }
    case 'recover':
      return { recovered_from_generation: String(stored.generation) }
    default:
      return {}
  }
}

/** The lock, and what it rests on: that nobody moved or locked the instance in the meantime. */
async function lockInstance(
  context: BoardContext,
  caller: BotCaller,
  bot: BotRecord,
  stored: InstanceRecord,
  reason: DoubleUse,
): Promise<void> {
  const { store, clock, random } = context
  const lock: LockRecord = {
    id: random.uuid(),
    target: { kind: 'instance', bot: stored.bot, instanceId: stored.id },
    message: `its credential was used twice (generation ${caller.generation} was presented, ${stored.generation} is the newest)`,
    createdAt: clock.now(),
    createdBy: 'hub',
    expiresAt: undefined,
  }
  const about = {
    bot: stored.bot,
    instanceId: stored.id,
    fields: {
      lock: lock.id,
      reason,
      stored_generation: String(stored.generation),
      presented_generation: String(caller.generation),
    },
  }
  await store.commit({
    changes: [
      { kind: 'expect-bot', name: bot.name, revision: bot.revision },
      { kind: 'replace-instance', expected: stored, instance: stored },
      { kind: 'insert-lock', lock },
      { kind: 'touch-bot', name: stored.bot },
    ],
    events: [{ ...eventBy(context, caller, 'lock.create', about), actor: 'hub' }],
  })
}
