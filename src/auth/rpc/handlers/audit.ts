import type { MessageInitShape } from '@bufbuild/protobuf'
import { AuditService, type VerifyLogResponseSchema } from '../../../gen/mezite/v1/admin_pb.js'
import { encodePublicKeyLine, fingerprint } from '../../../ssh/public-key.ts'
import type { Audit } from '../../audit.ts'
import { formatCheckpoint, parseCheckpoint } from '../../audit-checkpoint.ts'
import { AuditDamage } from '../../audit-damage.ts'
import { followAudit } from '../../audit-follow.ts'
import { encodeHeader } from '../../audit-lines.ts'
import type { CheckpointRecord } from '../../audit-log.ts'
import type { AuthContext } from '../../context.ts'
import { AuthError } from '../../errors.ts'
import { type Rpc, rpc, stream } from '../rpc.ts'
import { readFilter, readSequence, toAuditEvent, toDamage, toVerified } from './audit-messages.ts'
import { optional, optionalTime } from './fields.ts'

const STANDARD_PAGE = 100
const LARGEST_PAGE = 1_000

export function auditRpcs(audit: Audit, context: AuthContext): readonly Rpc[] {
  const { method } = AuditService
  const { clusterId } = context.store
  const key = context.authorities.audit.publicKey
  return [
    rpc(method.listEvents, async (request) => {
      const limit = Math.min(request.pageSize || STANDARD_PAGE, LARGEST_PAGE)
      const before = optional(readSequence(request.before))
      const filter = { ...readFilter(request.filter), before }
      const page = await audit.reader.page({ ...filter, order: 'newest-first', limit })
      return { events: page.events.map(toAuditEvent), nextBefore: BigInt(page.next ?? 0) }
    }),

    stream(method.followEvents, toEvents, async (request, _caller, outlet) => {
      const { sequence: newest } = await audit.reader.head()
      const after = request.after === undefined ? newest : readSequence(request.after)
      const filter = { ...readFilter(request.filter), after }
      outlet.send([])
      for await (const events of followAudit(context, filter, outlet.signal)) {
        outlet.send(events)
        // Whoever reads slowly is waited for, in place of being cut off.
        await outlet.drained()
      }
    }),

    rpc(method.getAuditKey, async () => ({
      publicKey: encodePublicKeyLine(key, `mezite-audit@${clusterId}`),
      fingerprint: fingerprint(key),
    })),

    rpc(method.createCheckpoint, async () => {
      const checkpoint = await audit.signing.checkpoint()
      if (checkpoint) return { checkpoint: formatCheckpoint(clusterId, checkpoint) }
      throw new AuthError('not-found', 'the audit log is empty')
    }),

    rpc(method.startExport, async (request) => {
      const { header, through } = await audit.startExport({
        after: optional(readSequence(request.after)),
        since: optionalTime('since', request.since),
        until: optionalTime('until', request.until),
      })
      return {
        header: encodeHeader(header).trimEnd(),
        after: BigInt(header.after.sequence),
        through: BigInt(through),
        damage: audit.signing.damage?.message ?? '',
      }
    }),

    rpc(method.readExport, async ({ after, through }) => {
      const part = await audit.readLines(readSequence(after), readSequence(through))
      return { lines: Buffer.from(part.text), last: BigInt(part.last) }
    }),

    stream(method.verifyLog, asItIs, async ({ checkpoint }, _caller, outlet) => {
      outlet.send(verifying(0n))
      try {
        const verified = await audit.verify({
          held: checkpoint === '' ? undefined : readHeld(checkpoint, clusterId),
          onProgress: (events) => outlet.send(verifying(BigInt(events))),
          signal: outlet.signal,
        })
        outlet.send({ state: { case: 'verified', value: toVerified(verified) } })
      } catch (error) {
        if (!(error instanceof AuditDamage)) throw error
        outlet.send({ state: { case: 'damage', value: toDamage(error) } })
      }
      outlet.end()
    }),
  ]
}

type VerifyLogUpdate = MessageInitShape<typeof VerifyLogResponseSchema>

function verifying(events: bigint): VerifyLogUpdate {
  return { state: { case: 'eventsSoFar', value: events } }
}

function toEvents(events: readonly Parameters<typeof toAuditEvent>[0][]) {
  return { events: events.map(toAuditEvent) }
}

function asItIs<Message>(message: Message): Message {
  return message
}

/** @throws AuthError `invalid-request`; AuditDamage */
function readHeld(text: string, clusterId: string): CheckpointRecord {
  const held = parseCheckpoint(text)
  if (held.clusterId === clusterId) return held.checkpoint
  throw new AuthError('invalid-request', `the checkpoint is of cluster ${held.clusterId}`, {
    hint: `this hub is of cluster ${clusterId}`,
  })
}
