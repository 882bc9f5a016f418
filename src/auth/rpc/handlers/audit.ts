import type { MessageInitShape } from '@bufbuild/protobuf'
import {
  type AuditEventSchema,
  AuditService,
  type ListEventsRequest,
} from '../../../gen/mezite/v1/admin_pb.js'
import { toTimestamp } from '../../../rpc/times.ts'
import {
  AUDIT_EVENTS,
  type AuditEventType,
  type AuditOutcome,
  isAuditEventType,
} from '../../audit-catalogue.ts'
import type { StoredAuditEvent } from '../../audit-event.ts'
import type { AuditFilter, AuditReader } from '../../audit-log.ts'
import { AuthError } from '../../errors.ts'
import { type Rpc, rpc } from '../rpc.ts'
import { optional, optionalTime } from './fields.ts'

const STANDARD_PAGE = 100
const LARGEST_PAGE = 1_000

export function auditRpcs(audit: AuditReader): readonly Rpc[] {
  return [
    rpc(AuditService.method.listEvents, async (request) => {
      const size = Math.min(request.pageSize || STANDARD_PAGE, LARGEST_PAGE)
      const filter = readFilter(request)
      const page = await audit.page({ ...filter, order: 'newest-first', limit: size })
      return { events: page.events.map(toAuditEvent), nextBefore: BigInt(page.next ?? 0) }
    }),
  ]
}

function readFilter(request: ListEventsRequest): AuditFilter {
  // A number above all sequence numbers finds the same as the greatest that a double can count to.
  const before = Math.min(Number(request.before), Number.MAX_SAFE_INTEGER)
  return {
    before: optional(before),
    type: readType(request.type),
    bot: optional(request.bot),
    instanceId: optional(request.instanceId),
    outcome: readOutcome(request.outcome),
    since: optionalTime('since', request.since),
    until: optionalTime('until', request.until),
  }
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

function toAuditEvent(event: StoredAuditEvent): MessageInitShape<typeof AuditEventSchema> {
  const { sequence, time, type, code, outcome, actor, address, bot, instanceId, fields } = event
  return {
    sequence: BigInt(sequence),
    time: toTimestamp(time),
    type,
    code,
    outcome,
    actor,
    address,
    bot: bot ?? '',
    instanceId: instanceId ?? '',
    fields: { ...fields },
    hash: event.hash,
  }
}
