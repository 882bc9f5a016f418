/** Issues the two certificates of one generation: the identity certificate and the output one. */

import { sha256 } from '../base/bytes.ts'
import { formatTime, SECOND } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { certificateAccess } from '../policy/certificate-access.ts'
import type { Role } from '../policy/role.ts'
import { issueCertificate } from '../ssh/issue-certificate.ts'
import type { SshPublicKey } from '../ssh/public-key.ts'
import { parsePublicKey } from '../ssh/public-key.ts'
import { X509Error } from '../x509/errors.ts'
import { isKeyProven } from '../x509/key-proof.ts'
import { ofType, requireCaValid } from './authorities.ts'
import type { ReachableNode } from './board/evaluate-access.ts'
import { issueClient } from './client-certificate.ts'
import type { AuthContext, LineageContext } from './context.ts'
import { AuthError, checkPolicy } from './errors.ts'
import { BACKDATE, CLOCK_TOLERANCE, outputCertificateLife, RENEWAL_PART } from './lives.ts'
import type { AuthorityType, BotRecord, InstanceRecord } from './records.ts'
import { renewalWindow } from './renewal-times.ts'

/** What a daemon asks for, at its join and at every renewal. Lives in milliseconds. */
export interface CertificateRequest {
  /** SubjectPublicKeyInfo, DER. */
  readonly identityPublicKey: Buffer
  /** In its wire encoding. */
  readonly sshPublicKey: Buffer
  /** See `proveKey` in src/x509. */
  readonly keyProof: Buffer
  readonly certificateTtl: number | undefined
  readonly renewalInterval: number | undefined
  /** The caller keeps nothing that it could renew with. */
  readonly oneShot?: boolean | undefined
  readonly clientTime: number | undefined
  /** What the client says of itself; shown, never trusted. */
  readonly clientVersion: string
  readonly clientHost: string
}

/** A request whose keys have been read. Fingerprints are SHA-256. */
export interface CheckedRequest extends CertificateRequest {
  readonly sshKey: SshPublicKey
  readonly keyFingerprint: Buffer
  readonly sshKeyFingerprint: Buffer
}

/** What a join or a renewal returns. */
export interface IssuedIdentity {
  readonly bot: string
  readonly instanceId: string
  readonly generation: bigint
  /** X.509, DER. */
  readonly identityCertificate: Buffer
  /** SSH, in its wire encoding. */
  readonly sshCertificate: Buffer
  readonly serial: bigint
  readonly certificateExpiresAt: number
  readonly identityExpiresAt: number
  /** Of the SSH certificate. */
  readonly principals: readonly string[]
  /** When its holder is expected to renew it, and is late; undefined where it never will. */
  readonly renewsAt: number | undefined
  readonly overdueAt: number | undefined
  readonly trust: TrustBundle
  /** The nodes that the bot may enter, by name. */
  readonly nodes: readonly ReachableNode[]
  /** When the next renewal would be welcome; undefined: as the bot sees fit. */
  readonly suggestedRenewalAt: number | undefined
  readonly hubTime: number
}

/** The public halves of the CAs: certificates in DER, SSH keys in their wire encoding. */
export interface TrustBundle extends Readonly<Record<AuthorityType, readonly Buffer[]>> {
  readonly clusterId: string
}

/** @throws AuthError `invalid-request` */
export function checkRequest(request: CertificateRequest): CheckedRequest {
  const sshKey = readSshKey(request.sshPublicKey, 'the SSH public key')
  requireProof(request, request.sshPublicKey)
  return {
    ...request,
    sshKey,
    keyFingerprint: sha256(request.identityPublicKey),
    sshKeyFingerprint: sha256(sshKey.blob),
  }
}

/**
 * That the identity key is one, and that the caller holds it.
 *
 * @throws AuthError `invalid-request`
 */
export function requireProof(
  { identityPublicKey, keyProof }: Pick<CertificateRequest, 'identityPublicKey' | 'keyProof'>,
  sshPublicKey: Buffer,
): void {
  let isProven = false
  try {
    isProven = isKeyProven(identityPublicKey, sshPublicKey, keyProof)
  } catch (cause) {
    if (!(cause instanceof X509Error)) throw cause
    throw new AuthError('invalid-request', 'the identity key is not a P-256 public key', { cause })
  }
  if (isProven) return
  throw new AuthError(
    'invalid-request',
    'the caller has not proved that it holds the identity key',
    {
      hint: 'are hub and client of versions that go together?',
    },
  )
}

/** @throws AuthError `invalid-request` */
export function readSshKey(blob: Buffer, what: string): SshPublicKey {
  try {
    return parsePublicKey(blob)
  } catch (cause) {
    throw new AuthError('invalid-request', `${what} is not one that can be certified`, { cause })
  }
}

/**
 * A client whose clock is far off couldn't use what it would get, so it is told before anything is
 * spent.
 *
 * @throws AuthError `clock-skew`
 */
export function checkClock(clientTime: number | undefined, now: number): void {
  if (clientTime === undefined || Math.abs(clientTime - now) <= CLOCK_TOLERANCE) return
  throw new AuthError(
    'clock-skew',
    `the clocks disagree: ${formatTime(clientTime)} on this machine, ${formatTime(now)} on the hub`,
    { hint: 'set the clock that is wrong (timedatectl shows it) and try again; nothing was spent' },
  )
}

/** Of an SSH certificate; OpenSSH can't revoke number 0. */
export function newSerial(random: Pick<Random, 'bytes'>): bigint {
  return random.bytes(8).readBigUInt64BE() || 1n
}

/** @throws AuthError `interval-too-long`, `invalid-request` */
export function issueIdentity(
  context: LineageContext,
  bot: BotRecord,
  roles: readonly Role[],
  instance: Pick<InstanceRecord, 'id' | 'generation'>,
  request: CheckedRequest,
): IssuedIdentity {
  const { store, clock, random, authorities, board, renewalTimes } = context
  const now = clock.now()
  requireCaValid(authorities.tls, now)
  const access = checkPolicy(() => certificateAccess(bot.name, roles))
  const life = outputCertificateLife(
    request.certificateTtl,
    access.maxTtlMs,
    request.renewalInterval,
  )
  const interval = request.renewalInterval ?? life * RENEWAL_PART
  const serial = newSerial(random)
  const certificate = issueCertificate(
    {
      publicKey: request.sshKey,
      type: 'user',
      serial,
      keyId: `bot/${bot.name}/instance/${instance.id}/generation/${instance.generation}`,
      validPrincipals: access.principals,
      validAfter: BigInt(Math.floor((now - BACKDATE) / SECOND)),
      validBefore: BigInt(Math.floor((now + life) / SECOND)),
      criticalOptions: [...access.criticalOptions].map(([name, value]) => ({ name, value })),
      extensions: access.extensions.map((name) => ({ name, value: '' })),
    },
    authorities.user,
    random.bytes(32),
  )
  const identityExpiresAt = Math.min(
    now + Math.max(bot.identityTtlMs, life),
    authorities.tls.certificate.validity.notAfterMs,
  )
  const identity = issueClient(
    {
      spki: request.identityPublicKey,
      serial: random.bytes(16),
      validity: { notBeforeMs: now - BACKDATE, notAfterMs: identityExpiresAt },
      identity: {
        kind: 'bot',
        clusterId: store.clusterId,
        name: bot.name,
        instanceId: instance.id,
        generation: instance.generation,
      },
    },
    authorities.tls,
  )
  const suggestedRenewalAt = renewalTimes.suggest(renewalWindow(now, interval), now)
  return {
    ...expected(now, suggestedRenewalAt ?? now + interval, now + life, request.oneShot),
    principals: access.principals,
    bot: bot.name,
    instanceId: instance.id,
    generation: instance.generation,
    identityCertificate: identity.der,
    sshCertificate: certificate.blob,
    serial,
    certificateExpiresAt: now + life,
    identityExpiresAt,
    trust: trustBundle(context),
    nodes: board.reachableNodes(bot.name),
    suggestedRenewalAt,
    hubTime: now,
  }
}

/** Who has a jitter, or no answer at once, isn't late yet. */
const PATIENCE = { part: 1 / 4, least: 10 * SECOND }

function expected(
  now: number,
  renewsAt: number,
  expiresAt: number,
  oneShot = false,
): Pick<IssuedIdentity, 'renewsAt' | 'overdueAt'> {
  if (oneShot) return { renewsAt: undefined, overdueAt: undefined }
  const patience = Math.max(PATIENCE.least, (renewsAt - now) * PATIENCE.part)
  return {
    renewsAt: Math.floor(renewsAt),
    overdueAt: Math.floor(Math.min(expiresAt, renewsAt + patience)),
  }
}

export function trustBundle({
  store: { clusterId },
  authorities: { records },
}: Pick<AuthContext, 'store' | 'authorities'>): TrustBundle {
  const of = (type: AuthorityType) => ofType(records, type).map((record) => record.publicPart)
  return { clusterId, user: of('user'), host: of('host'), tls: of('tls') }
}
