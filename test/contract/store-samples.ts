/** Records that are complete and plausible, with what a test is about given by the test. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { AuditEvent } from '../../src/auth/audit-event.ts'
import type {
  AdminRecord,
  AuthorityRecord,
  BotRecord,
  CertificateRecord,
  InstanceRecord,
  LockRecord,
  NodeRecord,
  ReadmissionRecord,
  RoleRecord,
  SessionRecord,
  TokenRecord,
} from '../../src/auth/records.ts'
import type { Change, Store } from '../../src/auth/storage.ts'
import { sha256 } from '../../src/base/bytes.ts'

export const NOON = Date.UTC(2026, 2, 24, 12)

export function role(given: Partial<RoleRecord> = {}): RoleRecord {
  return {
    name: 'deployer',
    description: 'Deploys "everything" — über alles',
    document: 'kind: role\nmetadata:\n  name: deployer\n',
    revision: 1,
    createdAt: NOON,
    updatedAt: NOON + 1,
    ...given,
  }
}

export function bot(given: Partial<BotRecord> = {}): BotRecord {
  return {
    name: 'ci',
    roles: ['deployer'],
    identityTtlMs: 86_400_000,
    revision: 1,
    createdAt: NOON,
    createdBy: 'local',
    ...given,
  }
}

export function token(given: Partial<TokenRecord> = {}): TokenRecord {
  const secretHash = sha256(randomBytes(16))
  return {
    id: secretHash.toString('hex').slice(0, 16),
    secretHash,
    kind: 'bot',
    bot: 'ci',
    uses: 1,
    usesLeft: 1,
    invalidated: undefined,
    expiresAt: NOON + 3_600_000,
    createdAt: NOON,
    createdBy: 'admin:root',
    ...given,
  }
}

export function instance(given: Partial<InstanceRecord> = {}): InstanceRecord {
  return {
    id: randomUUID(),
    bot: 'ci',
    generation: 1n,
    keyFingerprint: randomBytes(32),
    previousKeyFingerprint: undefined,
    sshKeyFingerprint: randomBytes(32),
    joinedAt: NOON,
    lastSeenAt: NOON,
    certificateSerial: 1n,
    certificateExpiresAt: NOON + 3_600_000,
    identityExpiresAt: NOON + 86_400_000,
    renewsAt: NOON + 1_200_000,
    overdueAt: NOON + 1_500_000,
    clientVersion: '0.1.0',
    clientHost: 'runner-1',
    address: '192.0.2.7',
    ...given,
  }
}

/** The instance one renewal later. */
export function renewed(before: InstanceRecord): InstanceRecord {
  return {
    ...before,
    generation: before.generation + 1n,
    keyFingerprint: randomBytes(32),
    previousKeyFingerprint: before.keyFingerprint,
    certificateSerial: before.certificateSerial + 1n,
    lastSeenAt: before.lastSeenAt + 1_800_000,
  }
}

/** A random unsigned 64-bit number, as the serials of certificates are. */
export function serial(): bigint {
  return randomBytes(8).readBigUInt64BE()
}

export function certificate(given: Partial<CertificateRecord> = {}): CertificateRecord {
  return {
    serial: serial(),
    bot: 'ci',
    instanceId: randomUUID(),
    expiresAt: NOON + 3_600_000,
    ...given,
  }
}

export function node(given: Partial<NodeRecord> = {}): NodeRecord {
  return {
    name: 'web-1',
    labels: { env: 'staging', 'über "alles"': '' },
    labelsPinned: false,
    hosts: ['web-1.internal', '2001:db8::5'],
    port: 22,
    instanceId: randomUUID(),
    generation: 1n,
    keyFingerprint: randomBytes(32),
    previousKeyFingerprint: undefined,
    sshKeyFingerprint: randomBytes(32),
    revision: 1,
    joinedAt: NOON,
    lastSeenAt: NOON,
    identityExpiresAt: NOON + 86_400_000,
    hostCertificateSerial: serial(),
    hostCertificateExpiresAt: NOON + 86_400_000,
    clientVersion: '0.1.0',
    sshdVersion: 'OpenSSH_9.2p1',
    address: '192.0.2.9',
    ...given,
  }
}

export function session(given: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id: randomUUID(),
    node: 'web-1',
    login: 'deploy',
    bot: 'ci',
    instanceId: randomUUID(),
    certificateSerial: serial(),
    address: '192.0.2.7',
    startedAt: NOON,
    ...given,
  }
}

export function readmission(given: Partial<ReadmissionRecord> = {}): ReadmissionRecord {
  return {
    id: randomUUID(),
    target: { kind: 'bot', bot: 'ci', instanceId: randomUUID() },
    createdAt: NOON,
    createdBy: 'local',
    expiresAt: NOON + 600_000,
    usedAt: undefined,
    ...given,
  }
}

export function lock(given: Partial<LockRecord> = {}): LockRecord {
  return {
    id: randomUUID(),
    target: { kind: 'bot', bot: 'ci' },
    message: 'suspicious',
    createdAt: NOON,
    createdBy: 'local',
    expiresAt: undefined,
    ...given,
  }
}

export function admin(given: Partial<AdminRecord> = {}): AdminRecord {
  return {
    name: 'alice',
    keyFingerprint: randomBytes(32),
    createdAt: NOON,
    createdBy: 'local',
    expiresAt: NOON + 86_400_000,
    ...given,
  }
}

export function authority(given: Partial<AuthorityRecord> = {}): AuthorityRecord {
  return {
    id: randomUUID(),
    type: 'user',
    publicPart: randomBytes(104),
    privateKey: '-----BEGIN PRIVATE KEY-----\n',
    createdAt: NOON,
    rotation: undefined,
    ...given,
  }
}

export function event(given: Partial<AuditEvent> = {}): AuditEvent {
  return {
    time: NOON,
    type: 'bot.renew',
    outcome: 'success',
    actor: 'bot:ci',
    address: '192.0.2.7',
    ...given,
  }
}

/** Commits changes with one event, as the domain does. */
export function apply(store: Store, ...changes: readonly Change[]): Promise<void> {
  return store.commit({ changes, events: [event()] })
}

/** A role and a bot that has it: what most entities rest on. */
export function applyBot(store: Store, name = 'ci'): Promise<void> {
  return apply(
    store,
    { kind: 'insert-role', role: role({ name: `role-of-${name}` }) },
    { kind: 'insert-bot', bot: bot({ name, roles: [`role-of-${name}`] }) },
  )
}
