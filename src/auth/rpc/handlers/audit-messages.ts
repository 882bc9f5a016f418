/** Events, filters and verifications of the audit log, as calls carry them. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import type {
  AuditEventSchema,
  AuditStateSchema,
  EventFilter,
  LogDamageSchema,
  LogVerifiedSchema,
} from '../../../gen/mezite/v1/admin_pb.js'
import { toTimestamp } from '../../../rpc/times.ts'
import type { AuditState } from '../../audit.ts'
import {
  AUDIT_EVENTS,
  type AuditEventType,
  type AuditOutcome,
  isAuditEventType,
} from '../../audit-catalogue.ts'
import type { AuditDamage } from '../../audit-damage.ts'
import type { StoredAuditEvent } from '../../audit-event.ts'
import type { AuditFilter } from '../../audit-log.ts'
import type { Verified } from '../../audit-verifier.ts'
import { AuthError } from '../../errors.ts'
import { optional, optionalTime } from './fields.ts'

/** @throws AuthError `invalid-request` */
export function readFilter(filter: EventFilter | undefined): AuditFilter {
  if (!filter) return {}
  return {
    type: readType(filter.type),
    actor: optional(filter.actor),
    bot: optional(filter.bot),
    instanceId: optional(filter.instanceId),
    node: optional(filter.node),
    session: optional(filter.session),
    outcome: readOutcome(filter.outcome),
    since: optionalTime('since', filter.since),
    until: optionalTime('until', filter.until),
  }
}

/** A number above all sequence numbers finds the same as the greatest that a double can count to. */
export function readSequence(sequence: bigint): number {
  return Math.min(Number(sequence), Number.MAX_SAFE_INTEGER)
}

function readType(text: string): AuditEventType | undefined {
  if (text === '') return undefined
  if (isAuditEventType(text)) return text
  const message = `there are no audit events of type ${JSON.stringify(text)}`
  throw new AuthError('invalid-request', message, {
    hint: `the types are ${Object.keys(AUDIT_EVENTS).join(', ')}`,
  })
}

function readOutcome(text: string): AuditOutcome | undefined {
  if (text === '' || text === 'success' || text === 'refused') return text || undefined
  throw new AuthError('invalid-request', `an outcome is never ${JSON.stringify(text)}`, {
    hint: 'the outcomes are success and refused',
  })
}

export function toAuditEvent(event: StoredAuditEvent): MessageInitShape<typeof AuditEventSchema> {
  const { version, type, code, outcome, actor, address, bot = '', instanceId = '' } = event
  return {
    sequence: BigInt(event.sequence),
    time: toTimestamp(event.time),
    ...{ version, type, code, outcome, actor, address, bot, instanceId },
    fields: { ...event.fields },
    hash: event.hash,
  }
}

export function toAuditState(state: AuditState): MessageInitShape<typeof AuditStateSchema> {
  const { signed, damage = '', sink } = state
  return {
    ...(signed && {
      signedThrough: BigInt(signed.sequence),
      signedAt: toTimestamp(signed.time),
    }),
    damage,
    ...(sink && {
      sink: sink.description,
      sinkProblem: sink.problem ?? '',
      sinkBehind: BigInt(sink.behind),
    }),
  }
}

export function toVerified(verified: Verified): MessageInitShape<typeof LogVerifiedSchema> {
  const { begins, first, last, events, checkpoints, signed } = verified
  return {
    begins,
    first: BigInt(first),
    last: BigInt(last),
    events: BigInt(events),
    checkpoints: BigInt(checkpoints),
    ...(signed && {
      signedThrough: BigInt(signed.sequence),
      signedAt: toTimestamp(signed.time),
    }),
  }
}

export function toDamage(damage: AuditDamage): MessageInitShape<typeof LogDamageSchema> {
  const { code, sequence = 0, message, hint = '' } = damage
  return { code, sequence: BigInt(sequence), message, hint }
}
