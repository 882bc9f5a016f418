/**
 * What the domain asks of a store's audit log: events by what they are about, a bounded number at a
 * time; what the hub has signed of them; and where the log begins, once it has been pruned.
 */
import type { AuditOutcome } from './audit-catalogue.ts'
import type { ChainHead } from './audit-chain.ts'
import type { AuditTrust } from './audit-checkpoint.ts'
import type { StoredAuditEvent } from './audit-event.ts'
import type { Verified } from './audit-verifier.ts'

/** Each that is given must hold. */
export interface AuditFilter {
  /** Sequence numbers, exclusive. */
  readonly after?: number | undefined
  readonly before?: number | undefined
  readonly type?: string | undefined
  readonly actor?: string | undefined
  readonly bot?: string | undefined
  readonly instanceId?: string | undefined
  readonly node?: string | undefined
  /** As NODE/ID. */
  readonly session?: string | undefined
  readonly outcome?: AuditOutcome | undefined
  /** Inclusive. */
  readonly since?: number | undefined
  /** Exclusive. */
  readonly until?: number | undefined
}

export interface AuditQuery extends AuditFilter {
  readonly order: 'newest-first' | 'oldest-first'
  readonly limit: number
}

export interface AuditPage {
  readonly events: readonly StoredAuditEvent[]
  /**
   * From where the next page goes on: its `before`, or `after` where the oldest come first. Undefined
   * after the last page. A page may be short, or empty, and still have a next one.
   */
  readonly next: number | undefined
}

/** A key with which the hub signs its log. */
export interface AuditKeyRecord {
  /** Ed25519, as an SSH public key in its wire encoding. */
  readonly publicKey: Buffer
  /** PKCS #8 PEM, encrypted where the hub has a passphrase. */
  readonly privateKey: string
  readonly createdAt: number
}

/** What the hub signed once: that up to this event the log is this, by the hash of its chain. */
export interface CheckpointRecord extends ChainHead {
  readonly hash: Buffer
  readonly time: number
  /** An SSH signature: see audit-checkpoint.ts. */
  readonly signature: Buffer
}

export interface AuditVerification {
  readonly trust: AuditTrust
  /** A checkpoint that was kept elsewhere: the log must contain what it says. */
  readonly held?: CheckpointRecord | undefined
  /** How many events have passed so far. */
  readonly onProgress: (events: number) => void
  readonly signal: AbortSignal
}

export interface AuditReader {
  /** Looks at a bounded number of events, however many there are. */
  page(query: AuditQuery): Promise<AuditPage>
  /** Newest first, all of them up to the limit: for filters that few events pass. */
  list(filter: AuditFilter & { readonly limit: number }): Promise<readonly StoredAuditEvent[]>
  /** The newest event, or the anchor where there is none after it. */
  head(): Promise<ChainHead>
  /** Those that are not pruned. */
  count(): Promise<number>
  /** Oldest first. */
  keys(): Promise<readonly AuditKeyRecord[]>
  /** Those of events after `after` up to `through`, oldest first. */
  checkpoints(range: {
    readonly after: number
    readonly through: number
    readonly limit: number
  }): Promise<readonly CheckpointRecord[]>
  /** The newest one of an event up to `through`. */
  checkpointBefore(through: number): Promise<CheckpointRecord | undefined>
  /** The last event that was pruned; undefined as long as none was. */
  anchor(): Promise<CheckpointRecord | undefined>
  /**
   * Verifies the log as it is stored, beside everything else that the store does.
   *
   * @throws AuditDamage; the signal's reason when aborted
   */
  verify(request: AuditVerification): Promise<Verified>
  /** How many events are pruned and still take up room. */
  leftovers(): Promise<number>
}
