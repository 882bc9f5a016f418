import type { Authority, Rotation, RotationLaggard } from '../../../gen/mezite/v1/admin_pb.js'
import type { Listing } from '../listing.ts'
import { timeText } from '../wire-values.ts'

export function authorityJson(authority: Authority) {
  return {
    id: authority.id,
    type: authority.type,
    created_at: timeText(authority.createdAt),
    fingerprint: authority.fingerprint,
    public_key: authority.publicKey,
    phase: authority.phase || null,
    phase_since: timeText(authority.phaseSince),
    signs: authority.signs,
  }
}

function stateText({ phase, phaseSince, signs }: Authority): string {
  const now = phase === '' ? 'in place' : `${phase} since ${timeText(phaseSince)}`
  return signs ? `${now}, signs` : now
}

export const authorityListing: Listing<Authority> = {
  columns: [
    { header: 'CA', cell: ({ type }) => type },
    { header: 'FINGERPRINT', cell: ({ fingerprint }) => fingerprint },
    { header: 'CREATED', cell: ({ createdAt }) => timeText(createdAt) ?? '' },
    { header: 'STATE', cell: stateText },
  ],
  toJson: authorityJson,
  empty: 'no CAs',
}

export function rotationJson(rotation: Rotation) {
  return {
    type: rotation.type,
    phase: rotation.phase || null,
    since: timeText(rotation.since),
    started_at: timeText(rotation.startedAt),
    next: rotation.next,
    waiting_count: Number(rotation.waitingCount),
    waiting_for: rotation.waitingFor.map((each) => ({
      kind: each.kind,
      name: each.name,
      instance_id: each.instanceId || null,
      reason: each.reason,
      until: timeText(each.until),
    })),
  }
}

/** Where it stands, as a clause. */
export function rotationText({ type, phase, since, next, waitingCount }: Rotation): string {
  if (phase === '') return `The ${type} CA is not being rotated.`
  const waits = waitingCount > 0n ? `, which waits for ${waitingCount}` : ''
  return `The ${type} CA is in phase ${phase} since ${timeText(since)}; next: ${next}${waits}.`
}

export interface WaitedFor extends RotationLaggard {
  /** Of the CA. */
  readonly type: string
}

export const laggardColumns = [
  { header: 'CA', cell: ({ type }: WaitedFor) => type },
  { header: 'WAITS FOR', cell: ({ kind, name }: WaitedFor) => `${kind} ${name}` },
  { header: 'INSTANCE', cell: ({ instanceId }: WaitedFor) => instanceId },
  { header: 'WHICH', cell: ({ reason }: WaitedFor) => reason },
  { header: 'AT THE LATEST', cell: ({ until }: WaitedFor) => timeText(until) ?? '' },
]
