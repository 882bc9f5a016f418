import type { MessageInitShape } from '@bufbuild/protobuf'
import { type LockSchema, LockService } from '../../../gen/mezite/v1/admin_pb.js'
import { toTimestamp } from '../../../rpc/times.ts'
import type { Locks } from '../../locks.ts'
import type { LockRecord } from '../../records.ts'
import { type Rpc, rpc } from '../rpc.ts'
import { timeField } from './fields.ts'

export function lockRpcs(locks: Locks): readonly Rpc[] {
  return [
    rpc(LockService.method.listLocks, async () => ({ locks: (await locks.list()).map(toLock) })),
  ]
}

export function toLock(record: LockRecord): MessageInitShape<typeof LockSchema> {
  const { id, target, message, createdAt, createdBy, expiresAt } = record
  return {
    id,
    target:
      target.kind === 'bot'
        ? { case: 'bot', value: target.bot }
        : { case: 'instance', value: { id: target.instanceId, bot: target.bot } },
    message,
    createdAt: toTimestamp(createdAt),
    createdBy,
    ...timeField('expiresAt', expiresAt),
  }
}
