import type { MessageInitShape } from '@bufbuild/protobuf'
import type { ReadmissionSchema } from '../../../gen/mezite/v1/admin_pb.js'
import { toTimestamp } from '../../../rpc/times.ts'
import type { ReadmissionRecord } from '../../records.ts'
import { timeField } from './fields.ts'

export function toReadmission(
  record: ReadmissionRecord,
): MessageInitShape<typeof ReadmissionSchema> {
  const { target, createdAt, createdBy, expiresAt, usedAt } = record
  return {
    instanceId: target.instanceId,
    createdAt: toTimestamp(createdAt),
    createdBy,
    expiresAt: toTimestamp(expiresAt),
    ...timeField('usedAt', usedAt),
  }
}
