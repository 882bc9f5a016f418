/**
 * The hub as a bot's daemon sees it: two calls and a stream, in plain values. `grpc-identity-hub.ts` makes them
 * over the wire; tests put a fake in its place.
 */
import type { KeyObject } from 'node:crypto'
import type { ErrorDetails } from '../base/errors.ts'
import { MeziteError } from '../base/errors.ts'

/**
 * Why a call to the hub failed. `refused` is an answer of the hub, whose own code stands in
 * `hubCode`; every other code means that the hub's answer isn't known.
 */
export type HubErrorCode =
  /** No connection, or it broke, or the deadline passed. */
  | 'unreachable'
  /** A hub that has too much to do: nothing was done. */
  | 'busy'
  /** Something answers there, but it isn't a Mezite hub. */
  | 'not-a-hub'
  /** A hub with a key that isn't the expected one: nothing was sent. */
  | 'untrusted'
  /** This machine's clock and the hub's certificate don't agree. */
  | 'clock-skew'
  | 'refused'
  /** An answer that makes no sense. */
  | 'bad-answer'

export class HubError extends MeziteError<HubErrorCode> {
  /** The hub's own code for a refusal: an `AuthErrorCode`, as it came over the wire. */
  readonly hubCode: string | undefined
  /** In how many milliseconds the hub would like to be asked again, where it says so. */
  readonly retryAfterMs: number | undefined
  /** The RPC that the hub may have carried out, though its answer isn't known. */
  readonly lostCall: string | undefined

  constructor(code: HubErrorCode, message: string, details: HubErrorDetails = {}) {
    super(code, message, details)
    this.hubCode = details.hubCode
    this.retryAfterMs = details.retryAfterMs
    this.lostCall = details.lostCall
  }
}

export interface HubErrorDetails extends ErrorDetails {
  readonly hubCode?: string | undefined
  readonly retryAfterMs?: number | undefined
  readonly lostCall?: string | undefined
}

/** A hub that is busy and says no more is left alone for a while. */
const BUSY_PAUSE_MS = 5_000
const LONGEST_PAUSE_MS = 3_600_000

/** In how many milliseconds the hub would like to be asked again; undefined: it doesn't mind. */
export function patienceAskedBy(error: unknown): number | undefined {
  if (!(error instanceof HubError)) return undefined
  const asked = error.retryAfterMs ?? (error.code === 'busy' ? BUSY_PAUSE_MS : undefined)
  return asked && Math.min(LONGEST_PAUSE_MS, asked)
}

export interface HubAddress {
  readonly host: string
  readonly port: number
  /** Other hubs of the same cluster. */
  readonly others?: readonly HubAddress[] | undefined
}

/** By what the hub is recognised. */
export type HubTrust =
  /** The first 16 bytes of SHA-256 over the TLS CA's SubjectPublicKeyInfo, from a join token. */
  | { readonly kind: 'pin'; readonly pin: Buffer }
  /** The cluster's TLS CAs, DER, as the hub itself named them at the last join or renewal. */
  | { readonly kind: 'tls-ca'; readonly certificates: readonly Buffer[] }
  /** Root certificates of the operator's choice, PEM. */
  | { readonly kind: 'roots'; readonly pem: string }
  /** Node's own list of public roots. */
  | { readonly kind: 'system' }

/** The credential of one generation. */
export interface ClientCredential {
  /** X.509, DER. */
  readonly certificate: Buffer
  readonly privateKey: KeyObject
}

export interface CertificateRequest {
  /** ECDSA P-256. The hub is sent its public half, and a proof that the caller has this one. */
  readonly identityKey: KeyObject
  /** An SSH public key in its wire encoding. */
  readonly sshPublicKey: Buffer
  /** Milliseconds; undefined: the hub's default. */
  readonly certificateTtlMs: number | undefined
  readonly renewalIntervalMs: number | undefined
  /** Nothing is kept that could renew. */
  readonly oneShot?: boolean | undefined
}

export interface ReachableNode {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly logins: readonly string[]
}

/** The public halves of the cluster's CAs. */
export interface ClusterTrust {
  readonly clusterId: string
  /** X.509 CA certificates, DER. */
  readonly tlsCas: readonly Buffer[]
  /** SSH public keys in their wire encoding. */
  readonly userCas: readonly Buffer[]
  readonly hostCas: readonly Buffer[]
}

/** What surrounds a bot, and may change without it: whom it trusts, and where it may go. */
export interface Surroundings extends HubWishes {
  readonly trust: ClusterTrust
  readonly nodes: readonly ReachableNode[]
}

/** What the hub would like of whoever watches, while a CA is rotated. */
export interface HubWishes {
  /** To hear that the trust that it tells is in effect. */
  readonly reportTrust: boolean
  /** A renewal at a random time within this; undefined: as planned. Milliseconds. */
  readonly renewWithinMs: number | undefined
}

export interface IssuedIdentity extends ClusterTrust {
  readonly bot: string
  readonly instanceId: string
  readonly generation: bigint
  /** X.509, DER. */
  readonly identityCertificate: Buffer
  /** An SSH user certificate in its wire encoding. */
  readonly sshCertificate: Buffer
  readonly nodes: readonly ReachableNode[]
  /** Milliseconds since the epoch, on the hub's clock; undefined: as the caller sees fit. */
  readonly suggestedRenewalAt: number | undefined
  readonly hubTime: number
}

export interface CallOptions {
  readonly address: HubAddress
  readonly trust: HubTrust
  readonly signal?: AbortSignal | undefined
}

export interface IdentityHub {
  /** @throws HubError */
  join(token: string, request: CertificateRequest, options: CallOptions): Promise<IssuedIdentity>
  /** @throws HubError */
  renew(
    credential: ClientCredential,
    request: CertificateRequest,
    options: CallOptions,
  ): Promise<IssuedIdentity>
  /**
   * The surroundings as they are, and again whenever they change. The hub ends it now and then, which
   * is no error: watch again at once. Throws HubError, also when the hub is no longer there, which is
   * noticed within 20 s; and the reason of `options.signal`, which ends it.
   */
  watch(credential: ClientCredential, options: CallOptions): AsyncIterable<Surroundings>
  /** @param trustDigest of the trust in effect here: see src/trust. @throws HubError */
  reportTrust(
    credential: ClientCredential,
    trustDigest: Buffer,
    options: CallOptions,
  ): Promise<void>
}
