import type { MessageInitShape } from '@bufbuild/protobuf'
import {
  type CreateLockRequest,
  type LockSchema,
  LockService,
} from '../../../gen/mezite/v1/admin_pb.js'
import { toTimestamp } from '../../../rpc/times.ts'
import { AuthError } from '../../errors.ts'
import type { LockRequest, Locks } from '../../locks.ts'
import type { LockRecord, LockTarget } from '../../records.ts'
import { type Rpc, rpc } from '../rpc.ts'
import { optionalDuration, timeField } from './fields.ts'

export function lockRpcs(locks: Locks): readonly Rpc[] {
  const { method } = LockService
  return [
    rpc(method.createLock, async ({ target, message, ttl }, caller) => {
      const options = { message, ttl: optionalDuration('ttl', ttl) }
      return { lock: toLock(await locks.create(caller, readTarget(target), options)) }
    }),
    rpc(method.listLocks, async () => ({ locks: (await locks.list()).map(toLock) })),
    rpc(method.deleteLock, async ({ id }, caller) => ({
      lock: toLock(await locks.remove(caller, id)),
    })),
  ]
}

function readTarget(target: CreateLockRequest['target']): LockRequest {
  switch (target.case) {
    case 'bot':
      return { kind: 'bot', bot: target.value }
    case 'instanceId':
      return { kind: 'instance', instanceId: target.value }
    case 'node':
      return { kind: 'node', node: target.value }
    case 'role':
      return { kind: 'role', role: target.value }
    case 'login':
      return { kind: 'login', login: target.value }
    case undefined:
      throw new AuthError('invalid-request', 'the call says not what to lock', {
        hint: 'name a bot, an instance, a node, a role or a login',
      })
  }
}

export function toLock(record: LockRecord): MessageInitShape<typeof LockSchema> {
  const { id, target, message, createdAt, createdBy, expiresAt } = record
  return {
    id,
    target: toTarget(target),
    message,
    createdAt: toTimestamp(createdAt),
    createdBy,
    ...timeField('expiresAt', expiresAt),
  }
}

function toTarget(target: LockTarget): NonNullable<MessageInitShape<typeof LockSchema>['target']> {
  switch (target.kind) {
    case 'bot':
      return { case: 'bot', value: target.bot }
    case 'instance':
      return { case: 'instance', value: { id: target.instanceId, bot: target.bot } }
    case 'node':
      return { case: 'node', value: target.node }
    case 'role':
      return { case: 'role', value: target.role }
    case 'login':
      return { case: 'login', value: target.login }
  }
}
