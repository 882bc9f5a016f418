import type { Bot, Instance } from '../../../gen/mezite/v1/admin_pb.js'
import type { Listing } from '../listing.ts'
import { lockJson } from '../lock-view.ts'
import { readmissionJson } from '../readmission-view.ts'
import { tokenJson } from '../token-view.ts'
import { durationText, timeText } from '../wire-values.ts'

export function botJson(bot: Bot) {
  return {
    name: bot.name,
    roles: bot.roles,
    state: stateOf(bot),
    identity_ttl: durationText(bot.identityTtl),
    max_certificate_ttl: durationText(bot.maxCertificateTtl),
    principals: bot.principals,
    withheld_logins: bot.withheldLogins.map(({ login, reason }) => ({ login, reason })),
    instances: bot.instanceCount,
    current_instances: bot.currentInstances,
    overdue_instances: bot.overdueInstances,
    last_seen: timeText(bot.lastSeen),
    next_renewal: timeText(bot.nextRenewal),
    created_at: timeText(bot.createdAt),
    created_by: bot.createdBy,
    locks: bot.locks.map(lockJson),
    tokens: bot.tokens.map(tokenJson),
    readmissions: bot.readmissions.map(readmissionJson),
  }
}

export type BotState =
  | 'active'
  | 'locked'
  | 'instance locked'
  | 'not joined'
  /** Some instance should have renewed by now. */
  | 'overdue'
  /** No certificate of it is valid any more. */
  | 'expired'

export function stateOf(bot: Bot): BotState {
  if (bot.locks.some(({ target }) => target.case === 'bot')) return 'locked'
  if (bot.locks.length > 0) return 'instance locked'
  if (bot.instanceCount === 0) return 'not joined'
  if (bot.overdueInstances > 0) return 'overdue'
  return bot.currentInstances > 0 ? 'active' : 'expired'
}

export const botListing: Listing<Bot> = {
  columns: [
    { header: 'NAME', cell: (bot) => bot.name },
    { header: 'ROLES', cell: (bot) => bot.roles.join(',') },
    { header: 'INSTANCES', cell: (bot) => String(bot.instanceCount) },
    { header: 'LAST SEEN', cell: (bot) => timeText(bot.lastSeen) ?? 'never' },
    { header: 'NEXT RENEWAL', cell: (bot) => timeText(bot.nextRenewal) ?? '' },
    { header: 'STATE', cell: stateOf },
  ],
  toJson: botJson,
  empty: 'No bots. Make one with: mezctl bots add NAME --roles=ROLE',
}

export type InstanceState = 'active' | 'locked' | 'expired'

/** A lock is said first: it has to go before anything else helps. */
function instanceState({ locks, expired }: Instance): InstanceState {
  if (locks.length > 0) return 'locked'
  return expired ? 'expired' : 'active'
}

export function instanceJson(instance: Instance) {
  return {
    id: instance.id,
    bot: instance.bot,
    generation: Number(instance.generation),
    joined_at: timeText(instance.joinedAt),
    last_seen: timeText(instance.lastSeen),
    certificate_serial: String(instance.certificateSerial),
    certificate_expires_at: timeText(instance.certificateExpiresAt),
    identity_expires_at: timeText(instance.identityExpiresAt),
    renews_at: timeText(instance.renewsAt),
    certificate_state: instance.certificateState,
    client_version: instance.clientVersion,
    client_host: instance.clientHost,
    address: instance.address,
    state: instanceState(instance),
    locks: instance.locks.map(lockJson),
  }
}

export const instanceListing: Listing<Instance> = {
  columns: [
    { header: 'INSTANCE', cell: (instance) => instance.id },
    { header: 'HOST', cell: (instance) => instance.clientHost },
    { header: 'ADDRESS', cell: (instance) => instance.address },
    { header: 'GENERATION', cell: (instance) => String(instance.generation) },
    { header: 'LAST SEEN', cell: (instance) => timeText(instance.lastSeen) ?? 'never' },
    { header: 'IDENTITY EXPIRES', cell: (it) => timeText(it.identityExpiresAt) ?? '' },
    { header: 'STATE', cell: instanceState },
  ],
  toJson: instanceJson,
  empty: 'No instances: no join token of this bot has been used yet.',
}
