/**
 * A lineage: one bot instance, or one node, as its generations follow each other. Renewals and second
 * uses leave the same behind in both.
 */
import type { BotCaller, NodeCaller } from './caller.ts'
import type { AuthContext } from './context.ts'
import type {
  DoubleUse,
  GenerationDecision,
  PresentedGeneration,
  StoredGeneration,
} from './generation.ts'
import type { InstanceRecord, LockRecord, LockTarget } from './records.ts'

/** The bearer of a lineage's identity certificate. */
export type LineageCaller = BotCaller | NodeCaller

/** The keys that a request asks to have certified. Fingerprints are SHA-256. */
export interface RequestedKeys {
  readonly keyFingerprint: Buffer
  readonly sshKeyFingerprint: Buffer
}

/** What a lineage's record says of its newest generation. */
type NewestGeneration = Pick<InstanceRecord, keyof StoredGeneration>

export type Issue = Exclude<GenerationDecision, { action: 'lock' | 'late' }>

export function presentedBy(caller: LineageCaller, request: RequestedKeys): PresentedGeneration {
  return {
    generation: caller.generation,
    keyFingerprint: caller.keyFingerprint,
    nextKeyFingerprint: request.keyFingerprint,
    nextSshKeyFingerprint: request.sshKeyFingerprint,
  }
}

/** What the issue changes in the record: all of its generation, or nothing where it is a repetition. */
export function afterIssue(
  stored: NewestGeneration,
  caller: LineageCaller,
  decision: Issue,
  request: RequestedKeys,
): NewestGeneration {
  const { generation, keyFingerprint, previousKeyFingerprint, sshKeyFingerprint } = stored
  return decision.action === 'repeat'
    ? { generation, keyFingerprint, previousKeyFingerprint, sshKeyFingerprint }
    : {
        generation: decision.generation,
        keyFingerprint: request.keyFingerprint,
        previousKeyFingerprint: caller.keyFingerprint,
        sshKeyFingerprint: request.sshKeyFingerprint,
      }
}

/** What the audit log says of how the issue came about. */
export function issueFields(
  decision: Issue,
  stored: StoredGeneration,
): Readonly<Record<string, string>> {
  switch (decision.action) {
    case 'advance':
      return {}
    case 'repeat':
      return { repeated: 'true' }
    case 'recover':
      return { recovered_from_generation: String(stored.generation) }
  }
}

/** The lock for a second use, and what the audit log says of it. */
export function lockForDoubleUse(
  { clock, random }: Pick<AuthContext, 'clock' | 'random'>,
  target: LockTarget,
  caller: LineageCaller,
  stored: StoredGeneration,
  reason: DoubleUse,
): { readonly lock: LockRecord; readonly fields: Readonly<Record<string, string>> } {
  const lock: LockRecord = {
    id: random.uuid(),
    target,
    message: `its credential was used twice (generation ${caller.generation} was presented, ${stored.generation} is the newest)`,
    createdAt: clock.now(),
    createdBy: 'hub',
    expiresAt: undefined,
  }
  const fields = {
    reason,
    stored_generation: String(stored.generation),
    presented_generation: String(caller.generation),
  }
  return { lock, fields }
}
