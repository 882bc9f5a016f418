/**
 * What the hub keeps, entity by entity. Times are milliseconds since the Unix epoch, lives are
 * milliseconds; fingerprints and hashes are SHA-256.
 */
import type { JoinTokenKind } from '../trust/join-token.ts'

export interface RoleRecord {
  readonly name: string
  readonly description: string
  /** The canonical YAML, as `formatRole` writes it. */
  readonly document: string
  /** Counts the edits, from 1. */
  readonly revision: number
  readonly createdAt: number
  readonly updatedAt: number
}

export interface BotRecord {
  readonly name: string
  /** At least one, in the order given. Each exists. */
  readonly roles: readonly string[]
  readonly identityTtlMs: number
  /**
   * Counts what was done to the bot, its locks and those of its instances, from 1. An act that
   * rests on their state names the revision that it saw.
   */
  readonly revision: number
  readonly createdAt: number
  readonly createdBy: string
}

/** Replaced by a newer one, its bot removed, or it may have been used since a restored backup. */
export type TokenInvalidation = 'rotated' | 'bot-removed' | 'restored'

export interface TokenRecord {
  /** Public: the first 16 hex digits of `secretHash`. */
  readonly id: string
  readonly secretHash: Buffer
  readonly kind: JoinTokenKind
  /**
   * The bot that joins with it, which stays named here when it is removed; undefined for a node's.
   */
  readonly bot: string | undefined
  readonly uses: number
  readonly usesLeft: number
  /** Why it can't be used any more, though neither used up nor expired. */
  readonly invalidated: TokenInvalidation | undefined
  readonly expiresAt: number
  readonly createdAt: number
  readonly createdBy: string
}

/** One use of a join token. The same keys may come again when the reply was lost. */
export interface RedemptionRecord {
  readonly tokenId: string
  /** Of the identity key that joined, over its SubjectPublicKeyInfo. */
  readonly keyFingerprint: Buffer
  readonly instanceId: string
}

export interface InstanceRecord {
  /** A UUID. */
  readonly id: string
  readonly bot: string
  readonly generation: bigint
  /** Of the identity key certified at `generation`, over its SubjectPublicKeyInfo. */
  readonly keyFingerprint: Buffer
  /** The same one generation before; undefined at generation 1. */
  readonly previousKeyFingerprint: Buffer | undefined
  /** Of the SSH key certified at `generation`, over its wire encoding. */
  readonly sshKeyFingerprint: Buffer
  readonly joinedAt: number
  /** The last join or renewal. */
  readonly lastSeenAt: number
  /** Of the newest SSH certificate. */
  readonly certificateSerial: bigint
  readonly certificateExpiresAt: number
  readonly identityExpiresAt: number
  /** When it is expected to renew, and from when on it is late; undefined where it never renews. */
  readonly renewsAt: number | undefined
  readonly overdueAt: number | undefined
  /** What the client said of itself; not trusted. */
  readonly clientVersion: string
  readonly clientHost: string
  readonly address: string
}

/** Whose identity may be renewed although it has expired. */
export type ReadmissionTarget =
  | { readonly kind: 'bot'; readonly bot: string; readonly instanceId: string }
  | { readonly kind: 'node'; readonly node: string; readonly instanceId: string }

/** An administrator's leave for one renewal with an expired identity. */
export interface ReadmissionRecord {
  /** A UUID. */
  readonly id: string
  readonly target: ReadmissionTarget
  readonly createdAt: number
  readonly createdBy: string
  readonly expiresAt: number
  /** Undefined: not yet. */
  readonly usedAt: number | undefined
}

/** A user certificate that was issued and may still be valid: what a lock has to revoke. */
export interface CertificateRecord {
  readonly serial: bigint
  readonly bot: string
  readonly instanceId: string
  readonly expiresAt: number
  /** What it certifies: written with it, and read by the inventory alone. */
  readonly issue?: CertificateIssue | undefined
}

export interface CertificateIssue {
  readonly generation: bigint
  readonly issuedAt: number
  /** SHA-256 over the SSH public key. */
  readonly keyFingerprint: Buffer
  readonly principals: readonly string[]
}

/** A managed node, and the newest generation of its identity. */
export interface NodeRecord {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** Set by an administrator, so that what the agent says of them no longer counts. */
  readonly labelsPinned: boolean
  /** Names and addresses under which it is reached; at least one. */
  readonly hosts: readonly string[]
  /** Of its sshd. */
  readonly port: number
  /** A UUID. */
  readonly instanceId: string
  readonly generation: bigint
  /** Of the identity key certified at `generation`, over its SubjectPublicKeyInfo. */
  readonly keyFingerprint: Buffer
  /** The same one generation before; undefined at generation 1. */
  readonly previousKeyFingerprint: Buffer | undefined
  /** Of sshd's host key certified at `generation`, over its wire encoding. */
  readonly sshKeyFingerprint: Buffer
  /** Counts the changes to this record, from 1. */
  readonly revision: number
  readonly joinedAt: number
  /** The last join or renewal. */
  readonly lastSeenAt: number
  readonly identityExpiresAt: number
  readonly hostCertificateSerial: bigint
  readonly hostCertificateExpiresAt: number
  /** What the agent said of itself; not trusted. */
  readonly clientVersion: string
  readonly sshdVersion: string
  readonly address: string
}

/** Somebody who is in now. The row goes when the session ends. */
export interface SessionRecord {
  /** The agent's own identifier, unique on its node for ever. */
  readonly id: string
  readonly node: string
  readonly login: string
  readonly bot: string
  readonly instanceId: string
  readonly certificateSerial: bigint
  /** The client's. */
  readonly address: string
  readonly startedAt: number
}

export type LockTarget =
  | { readonly kind: 'bot'; readonly bot: string }
  | { readonly kind: 'instance'; readonly bot: string; readonly instanceId: string }
  | { readonly kind: 'node'; readonly node: string }
  | { readonly kind: 'role'; readonly role: string }
  | { readonly kind: 'login'; readonly login: string }

export interface LockRecord {
  /** A UUID. */
  readonly id: string
  readonly target: LockTarget
  readonly message: string
  readonly createdAt: number
  readonly createdBy: string
  /** Undefined: until it is removed. */
  readonly expiresAt: number | undefined
}

export interface AdminRecord {
  readonly name: string
  /** SHA-256 over the SubjectPublicKeyInfo of the one key that may act under this name. */
  readonly keyFingerprint: Buffer
  /** Or when its key was certified anew. */
  readonly createdAt: number
  readonly createdBy: string
  readonly expiresAt: number
}

/** That the store was put back to what it was at a backup: what was done in between is not in it. */
export interface RestoreRecord {
  /** A UUID. */
  readonly id: string
  /** The backup has every act that was done before. */
  readonly takenAt: number
  /** By the clock of the machine that restored it. */
  readonly restoredAt: number
}

export type AuthorityType = 'user' | 'host' | 'tls'

export interface AuthorityRecord {
  /** A UUID. */
  readonly id: string
  readonly type: AuthorityType
  /** SSH CAs: the public key in its wire encoding. The TLS CA: its certificate, DER. */
  readonly publicPart: Buffer
  /** PKCS #8 PEM, encrypted where the hub has a passphrase. */
  readonly privateKey: string
  readonly createdAt: number
  /** Of a CA that is on its way in; undefined for the one whose place it is to take. */
  readonly rotation: RotationRecord | undefined
}

export type RotationPhase = 'init' | 'update-clients' | 'update-servers' | 'rollback'

/** How far a CA has come on its way in: see rotation.ts. */
export interface RotationRecord {
  readonly phase: RotationPhase
  /** Of this phase. */
  readonly since: number
  readonly startedAt: number
  /** When it signed first; undefined: it hasn't. */
  readonly signsSince: number | undefined
  /**
   * When the last SSH user certificate ends that the CA has signed which signs no more; undefined
   * where that isn't known yet, or none was signed.
   */
  readonly lastEndsAt: number | undefined
}

/** What a bot's instance or a node has said of itself while a CA is rotated. */
export interface TrustReportRecord {
  readonly instanceId: string
  /** Of the trust that is in effect there, in hexadecimal: see src/trust. */
  readonly trustDigest: string
  /** Of the host certificate that a node's sshd serves; undefined: it is a bot's. */
  readonly hostSerial: bigint | undefined
}
