/**
 * The rotation of a CA, as a state machine: which step may follow which, and which of the two CAs signs
 * what. Both are trusted from the first step to the last, by everybody who is told.
 *
 * | phase | user | host | tls |
 * | --- | --- | --- | --- |
 * | `init` | the old one signs | the old one signs | the old one signs |
 * | `update-clients` | the new one signs | the old one signs | the new one signs for clients |
 * | `update-servers` | the new one signs | the new one signs | the new one signs all |
 * | `rollback` | the old one signs | the old one signs | the old one signs |
 *
 * A rotation ends with `done`: the old CA goes, or after a rollback the new one does.
 */
import type { AuthorityType, RotationPhase, RotationRecord } from './records.ts'

export type RotationStep = RotationPhase | 'done'

export const ROTATION_STEPS: readonly RotationStep[] = [
  'init',
  'update-clients',
  'update-servers',
  'done',
  'rollback',
]

/** The first is the one that is taken where none is named. */
const NEXT: Readonly<Record<RotationPhase | 'none', readonly RotationStep[]>> = {
  none: ['init'],
  init: ['update-clients', 'rollback'],
  'update-clients': ['update-servers', 'rollback'],
  'update-servers': ['done', 'rollback'],
  rollback: ['done'],
}

/** What signs: SSH certificates of users and of hosts, identities, and the hub's own certificate. */
export type Signing = AuthorityType | 'serving'

const SIGNED_BY_THE_NEW: Readonly<Record<Signing, ReadonlySet<RotationPhase>>> = {
  user: new Set(['update-clients', 'update-servers']),
  host: new Set(['update-servers']),
  tls: new Set(['update-clients', 'update-servers']),
  serving: new Set(['update-servers']),
}

/** The steps that may follow; undefined: no rotation is under way. */
export function nextSteps(phase: RotationPhase | undefined): readonly RotationStep[] {
  return NEXT[phase ?? 'none']
}

/** Whether it is the CA on its way in that signs. */
export function isSignedByTheNew(what: Signing, phase: RotationPhase | undefined): boolean {
  return phase !== undefined && SIGNED_BY_THE_NEW[what].has(phase)
}

/** A rotation that has come to its next phase. */
export function moved(
  type: AuthorityType,
  { startedAt, signsSince }: RotationRecord,
  phase: RotationPhase,
  now: number,
  lastEndsAt: number | undefined,
): RotationRecord {
  const isSigning = isSignedByTheNew(type, phase)
  return {
    phase,
    since: now,
    startedAt,
    signsSince: signsSince ?? (isSigning ? now : undefined),
    lastEndsAt,
  }
}

/** Whether what was issued at a time was signed by the CA that is to go. */
export function isOfTheLeaving(
  { phase, since, signsSince }: RotationRecord,
  issuedAt: number,
): boolean {
  if (signsSince === undefined) return false
  return phase === 'rollback' ? issuedAt >= signsSince && issuedAt < since : issuedAt < signsSince
}
