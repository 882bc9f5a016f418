import type { MessageInitShape } from '@bufbuild/protobuf'
import { AuditService, type VerifyLogResponseSchema } from '../../../gen/mezite/v1/admin_pb.js'
import { encodePublicKeyLine, fingerprint } from '../../../ssh/public-key.ts'
import type { Audit } from '../../audit.ts'
import { formatCheckpoint, parseCheckpoint } from '../../audit-checkpoint.ts'
import { AuditDamage } from '../../audit-damage.ts'
import { followAudit } from '../../audit-follow.ts'
import { encodeHeader } from '../../audit-lines.ts'
import type { AuditVerification, CheckpointRecord } from '../../audit-log.ts'
import type { Verified } from '../../audit-verifier.ts'
import type { AuthContext } from '../../context.ts'
import { AuthError } from '../../errors.ts'
import type { Outlet } from '../outlet.ts'
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
      inBackground(outlet, async (signal) => {
        for await (const events of followAudit(context, filter, signal)) {
          outlet.send(events)
          // Whoever reads slowly is waited for, in place of being cut off.
          await outlet.drained()
        }
      })
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
      const onProgress = (events: number) =>
        outlet.send({ state: { case: 'eventsSoFar', value: BigInt(events) } })
      onProgress(0)
      inBackground(outlet, async (signal) => {
        outlet.send({ state: await outcome(() => verify(checkpoint, { onProgress, signal })) })
        outlet.end()
      })
    }),
  ]

  function verify(
    checkpoint: string,
    request: Pick<AuditVerification, 'onProgress' | 'signal'>,
  ): Promise<Verified> {
    const held = checkpoint === '' ? undefined : readHeld(checkpoint, clusterId)
    return audit.verify({ ...request, held })
  }
}

/** What a stream is fed with, from its opening to its end; what it fails with is told at its end. */
function inBackground<Update>(
  outlet: Outlet<Update>,
  feed: (signal: AbortSignal) => Promise<void>,
): void {
  outlet.subscribe(() => {
    const stopping = new AbortController()
    feed(stopping.signal).catch((error: unknown) => outlet.end(error))
    return () => stopping.abort(new AuthError('unavailable', 'the stream has ended'))
  })
}

async function outcome(verify: () => Promise<Verified>): Promise<VerifyLogUpdate['state']> {
  try {
    return { case: 'verified', value: toVerified(await verify()) }
  } catch (error) {
    if (!(error instanceof AuditDamage)) throw error
    return { case: 'damage', value: toDamage(error) }
  }
}

type VerifyLogUpdate = MessageInitShape<typeof VerifyLogResponseSchema>

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
