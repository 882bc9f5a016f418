/** Bots, their instances and their tokens, as replies carry them. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import type {
  BotSchema,
  InstanceSchema,
  JoinTokenSchema,
  TokenSummarySchema,
} from '../../../gen/mezite/v1/admin_pb.js'
import { toDuration, toTimestamp } from '../../../rpc/times.ts'
import type { BotView } from '../../bots.ts'
import { certificateState } from '../../certificate-state.ts'
import type { InstanceRecord, LockRecord, TokenRecord } from '../../records.ts'
import { type NewToken, tokenState } from '../../tokens.ts'
import { timeField } from './fields.ts'
import { toLock } from './locks.ts'
import { toReadmission } from './readmission-messages.ts'

export function toBot(view: BotView, nowMs: number): MessageInitShape<typeof BotSchema> {
  const { bot, access, instances } = view
  const { maxTtlMs } = access
  return {
    name: bot.name,
    roles: [...bot.roles],
    identityTtl: toDuration(bot.identityTtlMs),
    createdAt: toTimestamp(bot.createdAt),
    createdBy: bot.createdBy,
    principals: [...access.principals],
    ...(maxTtlMs !== undefined && { maxCertificateTtl: toDuration(maxTtlMs) }),
    instanceCount: instances.length,
    ...timeField('lastSeen', lastSeen(instances)),
    locks: view.locks.map(toLock),
    withheldLogins: access.withheldLogins.map(({ login, reason }) => ({ login, reason })),
    tokens: view.tokens.map((token) => toTokenSummary(token, nowMs)),
    readmissions: view.readmissions.map(toReadmission),
    ...expectations(instances, nowMs),
  }
}

/** Of the instances whose certificates haven't expired: how many, how many late, and who is next. */
function expectations(instances: readonly InstanceRecord[], nowMs: number) {
  const current = instances.filter(({ certificateExpiresAt }) => certificateExpiresAt > nowMs)
  const isLate = ({ overdueAt }: InstanceRecord) => overdueAt !== undefined && overdueAt <= nowMs
  const next = current.reduce<number | undefined>(
    (soonest, { renewsAt = Number.POSITIVE_INFINITY }) =>
      renewsAt < (soonest ?? Number.POSITIVE_INFINITY) ? renewsAt : soonest,
    undefined,
  )
  return {
    ...timeField('nextRenewal', next),
    currentInstances: current.length,
    overdueInstances: current.filter(isLate).length,
  }
}

function lastSeen(instances: readonly InstanceRecord[]): number | undefined {
  const times = instances.map(({ lastSeenAt }) => lastSeenAt)
  return times.length > 0 ? times.reduce((a, b) => Math.max(a, b)) : undefined
}

export function toTokenSummary(
  token: TokenRecord,
  nowMs: number,
): MessageInitShape<typeof TokenSummarySchema> {
  return {
    id: token.id,
    state: tokenState(token, nowMs),
    expiresAt: toTimestamp(token.expiresAt),
    usesLeft: token.usesLeft,
  }
}

export function toJoinToken({ value, record }: NewToken): MessageInitShape<typeof JoinTokenSchema> {
  const { id, expiresAt, uses } = record
  return { value, id, expiresAt: toTimestamp(expiresAt), uses }
}

/** `locks` are those on its bot and on the bot's instances. */
export function toInstance(
  instance: InstanceRecord,
  locks: readonly LockRecord[],
  nowMs: number,
): MessageInitShape<typeof InstanceSchema> {
  const own = locks.filter(
    ({ target }) => target.kind !== 'instance' || target.instanceId === instance.id,
  )
  return {
    id: instance.id,
    bot: instance.bot,
    generation: instance.generation,
    joinedAt: toTimestamp(instance.joinedAt),
    lastSeen: toTimestamp(instance.lastSeenAt),
    certificateExpiresAt: toTimestamp(instance.certificateExpiresAt),
    identityExpiresAt: toTimestamp(instance.identityExpiresAt),
    certificateSerial: instance.certificateSerial,
    clientVersion: instance.clientVersion,
    clientHost: instance.clientHost,
    address: instance.address,
    expired: instance.identityExpiresAt <= nowMs,
    ...timeField('renewsAt', instance.renewsAt),
    certificateState: certificateState(
      { ...instance, issuedAt: instance.lastSeenAt, expiresAt: instance.certificateExpiresAt },
      own.length > 0,
      nowMs,
    ),
    locks: own.map(toLock),
  }
}
