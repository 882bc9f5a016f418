/**
 * The cluster's three CAs: the User CA and the Host CA for SSH, the TLS CA for X.509. They are made
 * at the hub's first start and kept in the store.
 */
import type { Clock } from '../base/clock.ts'
import { DAY, formatTime } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { KeyType } from '../ssh/key-type.ts'
import { generatePrivateKey } from '../ssh/private-key.ts'
import type { SshSigner } from '../ssh/signature.ts'
import { createSshSigner } from '../ssh/signature.ts'
import type { X509Signer } from '../x509/authority.ts'
import { createCertificateAuthority, createX509Signer } from '../x509/authority.ts'
import { spkiPin } from '../x509/public-key.ts'
import { openAuditKey } from './audit-key.ts'
import { decideAndCommit } from './commit.ts'
import { eventByHub } from './context.ts'
import { AuthError } from './errors.ts'
import { HUB_BACKDATE } from './lives.ts'
import type { AuthorityRecord, AuthorityType } from './records.ts'
import type { KeySealer } from './sealed-key.ts'
import type { Store } from './storage.ts'

export interface Authorities {
  readonly user: SshSigner
  readonly host: SshSigner
  readonly tls: X509Signer
  /** Signs the audit log: no CA, and its record is apart. */
  readonly audit: SshSigner
  /** What join tokens carry of the TLS CA: see `spkiPin`. */
  readonly pin: Buffer
  readonly records: readonly AuthorityRecord[]
}

export interface AuthorityOptions {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly sealer: KeySealer
  /** Of the two SSH CAs, when they are made. */
  readonly sshKeyType: KeyType
}

const TLS_CA_LIFE = 3650 * DAY

/** No hub is older. A clock that shows an earlier date is wrong, and what is made by it lasts for years. */
const EARLIEST = Date.UTC(2025, 0, 1)

/**
 * Loads the CAs, having made them where the store has none.
 *
 * @throws AuthError `passphrase-needed`, `passphrase-wrong`, `passphrase-unused`; `clock-skew` where
 *   the clock can't be right
 */
export async function openAuthorities(options: AuthorityOptions): Promise<Authorities> {
  const records = await decideAndCommit(async () => {
    const stored = await options.store.authorities.list()
    return stored.length > 0 ? stored : await create(options)
  })
  const { sealer } = options
  const tls = only(records, 'tls')
  const user = only(records, 'user')
  const host = only(records, 'host')
  const tlsSigner = createX509Signer(tls.publicPart, sealer.open(tls.privateKey))
  requireCaValid(tlsSigner, options.clock.now())
  return {
    user: createSshSigner(sealer.open(user.privateKey)),
    host: createSshSigner(sealer.open(host.privateKey)),
    tls: tlsSigner,
    audit: await openAuditKey(options),
    pin: spkiPin(tls.publicPart),
    records,
  }
}

/**
 * Nothing can be issued outside the life of the TLS CA, nor would anybody believe it.
 *
 * @throws AuthError `clock-skew`
 */
export function requireCaValid({ certificate }: X509Signer, now: number): void {
  const { notBeforeMs, notAfterMs } = certificate.validity
  if (now >= notBeforeMs && now <= notAfterMs) return
  const life = `${formatTime(notBeforeMs)} to ${formatTime(notAfterMs)}`
  throw new AuthError(
    'clock-skew',
    `the hub's clock reads ${formatTime(now)}, but its CAs are valid from ${life}`,
    { hint: 'set the clock of the hub (timedatectl shows it)' },
  )
}

async function create(options: AuthorityOptions): Promise<readonly AuthorityRecord[]> {
  const { store, clock } = options
  if (clock.now() < EARLIEST) {
    throw new AuthError(
      'clock-skew',
      `this machine's clock reads ${formatTime(clock.now())}: no CA is made by a clock that is wrong`,
      { hint: 'set it (timedatectl shows it), then start the hub' },
    )
  }
  const records = [
    createSshAuthority(options, 'user'),
    createSshAuthority(options, 'host'),
    createTlsAuthority(options),
  ]
  await store.commit({
    changes: records.map((authority) => ({ kind: 'insert-authority', authority })),
    events: records.map(({ id, type }) =>
      eventByHub({ clock }, 'authority.create', { fields: { authority: type, id } }),
    ),
  })
  return records
}

function createSshAuthority(options: AuthorityOptions, type: 'user' | 'host'): AuthorityRecord {
  const privateKey = generatePrivateKey(options.sshKeyType)
  const publicPart = createSshSigner(privateKey).publicKey.blob
  return record(options, type, publicPart, options.sealer.seal(privateKey))
}

function createTlsAuthority(options: AuthorityOptions): AuthorityRecord {
  const { store, clock, random, sealer } = options
  const privateKey = generatePrivateKey('ecdsa-sha2-nistp256')
  const { der } = createCertificateAuthority({
    clusterName: store.clusterId,
    privateKey,
    serial: random.bytes(16),
    validity: {
      notBeforeMs: clock.now() - HUB_BACKDATE,
      notAfterMs: clock.now() + TLS_CA_LIFE,
    },
  })
  return record(options, 'tls', der, sealer.seal(privateKey))
}

function record(
  { clock, random }: AuthorityOptions,
  type: AuthorityType,
  publicPart: Buffer,
  privateKey: string,
): AuthorityRecord {
  return { id: random.uuid(), type, publicPart, privateKey, createdAt: clock.now() }
}

function only(records: readonly AuthorityRecord[], type: AuthorityType): AuthorityRecord {
  const found = records.find((authority) => authority.type === type)
  if (found) return found
  throw new AuthError('internal', `the store has no ${type} CA, though it has others`, {
    hint: 'restore the data directory from a backup',
  })
}
