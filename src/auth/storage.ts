/**
 * What the domain asks of a store. Reads are one small interface for each entity; every write goes
 * through `commit`, which takes an act whole: its changes and the audit events that tell of them.
 *
 * Invariants that every backend keeps (and test/contract checks):
 * - An act is applied completely or not at all, and is durable before `commit` resolves.
 * - No change is applied without the act's events, no event without its changes.
 * - A change whose condition doesn't hold rejects the whole act with a `StoreError`.
 * - A read that begins after `commit` resolved sees what was committed.
 */
import type { ErrorDetails } from '../base/errors.ts'
import { MeziteError } from '../base/errors.ts'
import type { AuditEvent } from './audit-event.ts'
import type { AuditKeyRecord, AuditReader, CheckpointRecord } from './audit-log.ts'
import type {
  AdminRecord,
  AuthorityRecord,
  BotRecord,
  CertificateIssue,
  CertificateRecord,
  InstanceRecord,
  LockRecord,
  NodeRecord,
  ReadmissionRecord,
  RedemptionRecord,
  RestoreRecord,
  RoleRecord,
  RotationPhase,
  RotationRecord,
  SessionRecord,
  TokenInvalidation,
  TokenRecord,
  TrustReportRecord,
} from './records.ts'

export type StoreErrorCode =
  // An act's condition didn't hold.
  | 'exists'
  | 'missing'
  | 'in-use'
  | 'conflict'
  // The store itself.
  | 'unavailable'
  | 'in-use-by-another'
  | 'too-new'
  | 'damaged'

export class StoreError extends MeziteError<StoreErrorCode> {
  /** Which entity the condition was about, e.g. `role "ci-deployer"`. */
  readonly subject: string

  constructor(code: StoreErrorCode, subject: string, message: string, details?: ErrorDetails) {
    super(code, message, details)
    this.subject = subject
  }
}

/** Keyset paging: entities whose name comes after `after`, in the order of the names' bytes. */
export interface PageRequest {
  readonly after?: string | undefined
  readonly limit: number
}

export interface RoleReader {
  get(name: string): Promise<RoleRecord | undefined>
  list(page: PageRequest): Promise<readonly RoleRecord[]>
  count(): Promise<number>
}

export interface BotReader {
  get(name: string): Promise<BotRecord | undefined>
  list(page: PageRequest): Promise<readonly BotRecord[]>
  count(): Promise<number>
}

export interface TokenReader {
  /** By the hash of its secret. */
  find(secretHash: Uint8Array): Promise<TokenRecord | undefined>
  /** Newest first. */
  listForBot(bot: string): Promise<readonly TokenRecord[]>
  /** A node's tokens, newest first. */
  listForNodes(): Promise<readonly TokenRecord[]>
  redemption(tokenId: string, keyFingerprint: Uint8Array): Promise<RedemptionRecord | undefined>
}

export interface InstanceReader {
  get(id: string): Promise<InstanceRecord | undefined>
  /** Those that were issued their certificates before a time and whose identities end after another. */
  listSeenBefore(seenBefore: number, endsAfter: number): Promise<readonly InstanceRecord[]>
  /** Newest join first. */
  listForBot(bot: string): Promise<readonly InstanceRecord[]>
  count(): Promise<number>
}

export interface ReadmissionReader {
  /** By the instance, a bot's or a node's. */
  get(instanceId: string): Promise<ReadmissionRecord | undefined>
  /** Oldest first, also those that are used or over. */
  listForBot(bot: string): Promise<readonly ReadmissionRecord[]>
}

export interface CertificateReader {
  /** Those that expire after `now`, by serial. */
  listForBot(bot: string, now: number): Promise<readonly CertificateRecord[]>
  /** Those of every bot, also of removed ones, that expire after `now`; for one pass at the start. */
  list(now: number): Promise<readonly CertificateRecord[]>
}

/** Where a page of certificates begins: after this one, in the order of their expiry. */
export interface ExpiryKey {
  readonly expiresAt: number
  /** Of the instance, the certificate or the node. */
  readonly id: string
}

/** Those that expire from `from` on and before `before`; limits in milliseconds since the epoch. */
export interface ExpiryQuery {
  readonly from: number
  readonly before: number
  readonly after?: ExpiryKey | undefined
  readonly limit: number
  readonly bot?: string | undefined
  readonly node?: string | undefined
}

/** The newest certificate of an instance. */
export interface HeldCertificate {
  readonly instance: InstanceRecord
  /** Forgotten once it has expired. */
  readonly issue: CertificateIssue | undefined
}

/** One that is out and isn't its instance's newest. */
export interface OlderCertificate extends CertificateRecord {
  /** Whether its instance still exists. */
  readonly hasInstance: boolean
}

/** Who holds what, until when: soonest first. */
export interface InventoryReader {
  held(query: ExpiryQuery): Promise<readonly HeldCertificate[]>
  older(query: ExpiryQuery): Promise<readonly OlderCertificate[]>
  nodes(query: ExpiryQuery): Promise<readonly NodeRecord[]>
}

export interface NodeReader {
  get(name: string): Promise<NodeRecord | undefined>
  list(page: PageRequest): Promise<readonly NodeRecord[]>
  count(): Promise<number>
}

export interface SessionFilter {
  /** The newest so many. */
  readonly limit?: number | undefined
  readonly bot?: string | undefined
  readonly node?: string | undefined
}

export interface SessionReader {
  get(node: string, id: string): Promise<SessionRecord | undefined>
  /** Newest first. */
  list(filter: SessionFilter): Promise<readonly SessionRecord[]>
  count(): Promise<number>
}

export interface LockReader {
  /**
   * Oldest first, also those that have expired: whether a lock is in force depends on the reader's
   * clock.
   */
  list(): Promise<readonly LockRecord[]>
  /** Those on the bot and those on any of its instances, oldest first. */
  listForBot(bot: string): Promise<readonly LockRecord[]>
}

export interface AdminReader {
  get(name: string): Promise<AdminRecord | undefined>
  /** By name. */
  list(): Promise<readonly AdminRecord[]>
}

export interface AuthorityReader {
  /** Oldest first. */
  list(): Promise<readonly AuthorityRecord[]>
}

export interface TrustReportReader {
  list(): Promise<readonly TrustReportRecord[]>
}

export interface RestoreReader {
  /** Oldest first. */
  list(): Promise<readonly RestoreRecord[]>
}

/** A change to one entity, with the condition on which it rests. */
export type Change =
  // `exists` where the name is taken.
  | { readonly kind: 'insert-role'; readonly role: RoleRecord }
  // `conflict` unless the stored revision is one less than the given; `missing` without the role.
  | { readonly kind: 'replace-role'; readonly role: RoleRecord }
  // The locks on it go too. `missing`; `in-use` while a bot has it.
  | { readonly kind: 'delete-role'; readonly name: string }
  // `exists`; `missing` where one of its roles doesn't exist.
  | { readonly kind: 'insert-bot'; readonly bot: BotRecord }
  // `conflict` unless the stored revision is one less than the given; `missing` without the bot or
  // one of the roles.
  | { readonly kind: 'replace-bot'; readonly bot: BotRecord }
  // `conflict` where the bot stands at another revision or doesn't exist; changes nothing.
  | { readonly kind: 'expect-bot'; readonly name: string; readonly revision: number }
  // Counts the bot's revision up; `missing` without the bot.
  | { readonly kind: 'touch-bot'; readonly name: string }
  // Also deletes its instances, locks and readmissions; its tokens and certificates stay. `missing`.
  | { readonly kind: 'delete-bot'; readonly name: string }
  // `exists`; `missing` without the bot, where it names one.
  | { readonly kind: 'insert-token'; readonly token: TokenRecord }
  // Takes one use and records the redemption. `missing` without the token; `conflict` where no use
  // is left, where it is invalidated, or where these keys redeemed it before.
  | { readonly kind: 'redeem-token'; readonly redemption: RedemptionRecord }
  // Every token of the bot that isn't invalidated yet.
  | {
      readonly kind: 'invalidate-tokens'
      readonly bot: string
      readonly reason: Exclude<TokenInvalidation, 'restored'>
    }
  // `exists`; `missing` without the bot.
  | { readonly kind: 'insert-instance'; readonly instance: InstanceRecord }
  // `conflict` unless the instance exists with this generation and key.
  | {
      readonly kind: 'replace-instance'
      readonly expected: Pick<InstanceRecord, 'generation' | 'keyFingerprint'>
      readonly instance: InstanceRecord
    }
  // In place of one that the instance has already. `missing` without
  // the bot's or node's instance.
  | { readonly kind: 'put-readmission'; readonly readmission: ReadmissionRecord }
  // `conflict` unless the instance has this readmission, unused.
  | {
      readonly kind: 'use-readmission'
      readonly instanceId: string
      readonly id: string
      readonly usedAt: number
    }
  // If there is one.
  | { readonly kind: 'delete-readmission'; readonly instanceId: string }
  // `exists`; `missing` without the bot, instance, node or role. A login isn't looked up.
  | { readonly kind: 'insert-lock'; readonly lock: LockRecord }
  // `missing`.
  | { readonly kind: 'delete-lock'; readonly id: string }
  // `exists`.
  | { readonly kind: 'insert-admin'; readonly admin: AdminRecord }
  // `missing`.
  | { readonly kind: 'delete-admin'; readonly name: string }
  // Once: `exists` where it is there.
  | { readonly kind: 'insert-certificate'; readonly certificate: CertificateRecord }
  // Those that expired by then.
  | { readonly kind: 'forget-certificates'; readonly expiredBy: number }
  // `exists`.
  | { readonly kind: 'insert-node'; readonly node: NodeRecord }
  // `conflict` unless the stored revision is one less than the given; `missing` without the node.
  | { readonly kind: 'replace-node'; readonly node: NodeRecord }
  // Its sessions, its readmission and the locks on it go too. `missing`.
  | { readonly kind: 'delete-node'; readonly name: string }
  // `exists` where the node has one with this identifier; `missing` without the node.
  | { readonly kind: 'insert-session'; readonly session: SessionRecord }
  // `missing`.
  | { readonly kind: 'delete-session'; readonly node: string; readonly id: string }
  // Its redemptions go too. `missing`.
  | { readonly kind: 'delete-token'; readonly id: string }
  // `exists` where one of that identifier is there already, or one of that type that is on its way in
  // too, or isn't either.
  | { readonly kind: 'insert-authority'; readonly authority: AuthorityRecord }
  // `conflict` unless the authority is in this phase of a rotation; undefined: on its way in no more.
  | {
      readonly kind: 'move-authority'
      readonly id: string
      readonly expected: RotationPhase
      readonly rotation: RotationRecord | undefined
    }
  // `conflict` unless the authority is there, in this phase.
  | {
      readonly kind: 'delete-authority'
      readonly id: string
      readonly expected: RotationPhase | undefined
    }
  // The same keys, sealed anew. `conflict` unless these are all that there are.
  | {
      readonly kind: 'reseal-keys'
      readonly authorities: readonly Pick<AuthorityRecord, 'id' | 'privateKey'>[]
      readonly auditKeys: readonly Pick<AuditKeyRecord, 'publicKey' | 'privateKey'>[]
    }
  // In place of the one of before.
  | { readonly kind: 'put-trust-report'; readonly report: TrustReportRecord }
  | { readonly kind: 'clear-trust-reports' }
  // And invalidates every token and deletes every readmission: a use since the backup would be
  // forgotten.
  | { readonly kind: 'record-restore'; readonly restore: RestoreRecord }
  // `exists` where there is one.
  | { readonly kind: 'insert-audit-key'; readonly key: AuditKeyRecord }
  // `conflict` unless the event of this sequence has this hash; once is as good as twice.
  | { readonly kind: 'insert-checkpoint'; readonly checkpoint: CheckpointRecord }
  // From then on the log begins after the anchor. `conflict` unless the event of this sequence has
  // this hash; `missing` where it is pruned already.
  | { readonly kind: 'prune-events'; readonly anchor: CheckpointRecord }
  // At most so many of the events that are pruned, and what belongs to them.
  | { readonly kind: 'drop-pruned-events'; readonly limit: number }

export interface Act {
  readonly changes: readonly Change[]
  readonly events: readonly AuditEvent[]
}

export type ChangeListener = (changes: readonly Change[], events: readonly AuditEvent[]) => void

/** What has been committed, act by act. */
export interface ChangeFeed {
  /**
   * Calls the listener with the changes and events of every act that is committed from now on, in
   * the order of their commits, after they are durable and readable, and before `commit` resolves.
   * Returns what ends that. A listener must not throw.
   */
  subscribe(listener: ChangeListener): () => void
}

export interface Store {
  /** What it is, for people: `sqlite /var/lib/mezite/hub.db`. */
  readonly description: string
  /** A UUID made with the store; it names the cluster in every certificate. */
  readonly clusterId: string
  readonly roles: RoleReader
  readonly bots: BotReader
  readonly tokens: TokenReader
  readonly instances: InstanceReader
  readonly readmissions: ReadmissionReader
  readonly locks: LockReader
  readonly certificates: CertificateReader
  readonly inventory: InventoryReader
  readonly nodes: NodeReader
  readonly sessions: SessionReader
  readonly admins: AdminReader
  readonly authorities: AuthorityReader
  readonly trustReports: TrustReportReader
  readonly restores: RestoreReader
  readonly audit: AuditReader
  readonly changes: ChangeFeed
  /** @throws StoreError */
  commit(act: Act): Promise<void>
  /** Waits for the acts under way, then lets go of the store. */
  close(): Promise<void>
}
