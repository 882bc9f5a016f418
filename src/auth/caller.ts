/** Who calls the hub, as far as the transport has proved it. */

interface FromNetwork {
  /** The caller's IP address; empty on the unix socket. */
  readonly address: string
}

/** Whoever opened the unix socket in the data directory: the hub's own user, or root. */
export interface LocalCaller extends FromNetwork {
  readonly kind: 'local'
}

/** The bearer of an admin identity. */
export interface AdminCaller extends FromNetwork {
  readonly kind: 'admin'
  readonly name: string
  /** SHA-256 over the certified SubjectPublicKeyInfo. */
  readonly keyFingerprint: Buffer
}

/** The bearer of a bot's identity certificate, of some generation. */
export interface BotCaller extends FromNetwork {
  readonly kind: 'bot'
  readonly bot: string
  readonly instanceId: string
  readonly generation: bigint
  /** SHA-256 over the certified SubjectPublicKeyInfo. */
  readonly keyFingerprint: Buffer
  /** When its certificate was issued; it says so itself. */
  readonly issuedAt: number
  readonly expiresAt: number
  /** When its connection was accepted, on the hub's monotonic clock, in milliseconds. */
  readonly connectedAt: number
}

/** The bearer of a node's identity certificate, of some generation. */
export interface NodeCaller extends FromNetwork {
  readonly kind: 'node'
  readonly node: string
  readonly instanceId: string
  readonly generation: bigint
  /** SHA-256 over the certified SubjectPublicKeyInfo. */
  readonly keyFingerprint: Buffer
  /** When its certificate was issued; it says so itself. */
  readonly issuedAt: number
  readonly expiresAt: number
  /** When its connection was accepted, on the hub's monotonic clock, in milliseconds. */
  readonly connectedAt: number
}

/** Nobody in particular: no client certificate, or none that this cluster issued. */
export interface AnonymousCaller extends FromNetwork {
  readonly kind: 'anyone'
}

export type Caller = LocalCaller | AdminCaller | BotCaller | NodeCaller | AnonymousCaller
export type CallerKind = Caller['kind']

/** The caller as the audit log names it. */
export function actorOf(caller: Caller): string {
  switch (caller.kind) {
    case 'admin':
      return `admin:${caller.name}`
    case 'bot':
      return `bot:${caller.bot}`
    case 'node':
      return `node:${caller.node}`
    default:
      return caller.kind
  }
}

/** Whose streams and connections are counted together: two instances of a bot are two bearers. */
export function bearerOf(caller: Caller): string {
  return caller.kind === 'bot' ? `${actorOf(caller)} ${caller.instanceId}` : actorOf(caller)
}
