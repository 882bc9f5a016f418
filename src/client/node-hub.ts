/**
 * The hub as a node's agent sees it: four calls and a stream, in plain values. `grpc-node-hub.ts`
 * makes them over the wire; tests put a fake in its place.
 */
import type { KeyObject } from 'node:crypto'
import type { CallOptions, ClientCredential, ClusterTrust, HubWishes } from './identity-hub.ts'

/** What a node says of itself, at its join and at every renewal. */
export interface NodeDescription {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** Names and addresses under which it is reached. */
  readonly hosts: readonly string[]
  /** The port of its sshd. */
  readonly port: number
  readonly sshdVersion: string
}

export interface NodeRequest {
  /** ECDSA P-256. The hub is sent its public half, and a proof that the caller has this one. */
  readonly identityKey: KeyObject
  /** sshd's own host key, in its wire encoding. */
  readonly hostPublicKey: Buffer
  readonly node: NodeDescription
}

export type NodeTrust = ClusterTrust

/** One generation of a node. */
export interface IssuedNode {
  readonly name: string
  readonly instanceId: string
  readonly generation: bigint
  /** X.509, DER. */
  readonly identityCertificate: Buffer
  /** An SSH host certificate in its wire encoding. */
  readonly hostCertificate: Buffer
  readonly trust: NodeTrust
  /** Milliseconds since the epoch, on the hub's clock. */
  readonly hubTime: number
}

/** What a group may do as one login. */
export interface LoginGrant {
  readonly login: string
  readonly portForwarding: boolean
  readonly fileCopy: boolean
  readonly pty: boolean
  /** Empty: from anywhere. */
  readonly sourceCidrs: readonly string[]
  readonly forceCommand: string | undefined
}

/** The bots that share a set of roles, and so their grants. */
export interface GrantGroup {
  readonly id: string
  readonly grants: readonly LoginGrant[]
  /** `bot:NAME`; counts only where the group is new. */
  readonly principals: readonly string[]
}

export interface MembershipChange {
  readonly group: string
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

/** A lock that concerns this node. */
export type NodeLock =
  | { readonly kind: 'bot'; readonly bot: string }
  | { readonly kind: 'instance'; readonly instanceId: string }
  | { readonly kind: 'node'; readonly node: string }
  | { readonly kind: 'role'; readonly role: string }
  | { readonly kind: 'login'; readonly login: string }

/** A step of the node's picture of what concerns it. */
export interface NodeUpdate {
  /** Forget everything known before; else it adds to that. */
  readonly full: boolean
  readonly groups: readonly GrantGroup[]
  readonly removedGroups: readonly string[]
  readonly memberships: readonly MembershipChange[]
  /** Serials of user certificates that no longer count, and those that needn't be listed any more. */
  readonly revoked: readonly bigint[]
  readonly forgotten: readonly bigint[]
  /** All locks in force; undefined: as before. */
  readonly locks: readonly NodeLock[] | undefined
  readonly endSessions: readonly string[]
  /** Undefined: as before. */
  readonly trust: NodeTrust | undefined
  /** Beside `trust`; undefined: as before. */
  readonly wishes: HubWishes | undefined
}

/** What has come into effect on a node. */
export interface NodeTrustReport {
  /** See src/trust. */
  readonly trustDigest: Buffer
  /** Of the host certificate that sshd serves. */
  readonly hostCertificateSerial: bigint
}

export type EndReason = 'closed' | 'lost' | 'locked' | 'ended'

/** Times are milliseconds since the epoch. */
export type SessionEvent = SessionStart | SessionEnd

export interface SessionStart {
  readonly kind: 'start'
  readonly sessionId: string
  readonly time: number
  readonly login: string
  readonly bot: string
  readonly instanceId: string
  readonly certificateSerial: bigint
  readonly address: string
}

export interface SessionEnd {
  readonly kind: 'end'
  readonly sessionId: string
  readonly time: number
  readonly reason: EndReason
}

/** All throw HubError. */
export interface NodeHub {
  joinNode(token: string, request: NodeRequest, options: CallOptions): Promise<IssuedNode>
  renewNode(
    credential: ClientCredential,
    request: NodeRequest,
    options: CallOptions,
  ): Promise<IssuedNode>
  /**
   * The first update is full, and nothing is ever left out in between: what can't be delivered ends
   * the stream. It also ends, with an error, once the hub hasn't answered a keepalive: as long as it
   * is open, its reader is in touch with the hub. `options.signal` ends it.
   */
  watchNode(credential: ClientCredential, options: CallOptions): AsyncIterable<NodeUpdate>
  reportTrust(
    credential: ClientCredential,
    report: NodeTrustReport,
    options: CallOptions,
  ): Promise<void>
  /** May be repeated; an event counts once. */
  reportSessions(
    credential: ClientCredential,
    events: readonly SessionEvent[],
    options: CallOptions,
  ): Promise<void>
  leaveNode(credential: ClientCredential, options: CallOptions): Promise<void>
}
