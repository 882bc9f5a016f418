/**
 * The cluster's three CAs: the User CA and the Host CA for SSH, the TLS CA for X.509. They are made
 * at the hub's first start and kept in the store. While one is rotated there are two of its type, and
 * what signs changes with the phase (rotation.ts): whoever signs asks for the signer each time.
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
import { isSignedByTheNew, type Signing } from './rotation.ts'
import type { KeySealer } from './sealed-key.ts'
import type { Change, Store } from './storage.ts'

/** Each property may be another at the next look. */
export interface Authorities {
  readonly user: SshSigner
  readonly host: SshSigner
  /** Signs the identities of clients. */
  readonly tls: X509Signer
  /** Signs the hub's own certificate. */
  readonly serving: X509Signer
  /** Every TLS CA that is trusted. */
  readonly tlsCas: readonly X509Signer[]
  /** Signs the audit log: no CA, and its record is apart. */
  readonly audit: SshSigner
  /** What join tokens carry of the TLS CA: see `spkiPin`. */
  readonly pin: Buffer
  /** Of each type the one in place, then the one that is on its way in. */
  readonly records: readonly AuthorityRecord[]
  /** A new CA to take the place of the one of this type, of the same key type. It is nowhere yet. */
  draw(type: AuthorityType): AuthorityRecord
  /** Works with these records from now on, as if they had been committed. */
  adopt(records: readonly AuthorityRecord[]): void
  /** Calls back after each change. Returns what ends that. */
  subscribe(listener: () => void): () => void
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
  const authorities = new StoredAuthorities(options, records, await openAuditKey(options))
  requireCaValid(authorities.tls, options.clock.now())
  options.store.changes.subscribe((changes) => authorities.follow(changes))
  return authorities
}

class StoredAuthorities implements Authorities {
  readonly audit: SshSigner
  readonly #options: AuthorityOptions
  readonly #ssh = new Map<string, SshSigner>()
  readonly #x509 = new Map<string, X509Signer>()
  readonly #listeners = new Set<() => void>()
  #records: readonly AuthorityRecord[]

  constructor(options: AuthorityOptions, records: readonly AuthorityRecord[], audit: SshSigner) {
    this.#options = options
    this.#records = records
    this.audit = audit
    this.#open()
  }

  get records(): readonly AuthorityRecord[] {
    return this.#records
  }

  get user(): SshSigner {
    return this.#sshSigner(this.#signing('user'))
  }

  get host(): SshSigner {
    return this.#sshSigner(this.#signing('host'))
  }

  get tls(): X509Signer {
    return this.#tlsSigner(this.#signing('tls'))
  }

  get serving(): X509Signer {
    return this.#tlsSigner(this.#signing('serving'))
  }

  get tlsCas(): readonly X509Signer[] {
    return ofType(this.#records, 'tls').map((record) => this.#tlsSigner(record))
  }

  get pin(): Buffer {
    return spkiPin(this.#signing('tls').publicPart)
  }

  draw(type: AuthorityType): AuthorityRecord {
    if (type === 'tls') return createTlsAuthority(this.#options)
    const { publicKey } = this.#sshSigner(inPlace(this.#records, type))
    return createSshAuthority({ ...this.#options, sshKeyType: publicKey.type }, type)
  }

  adopt(records: readonly AuthorityRecord[]): void {
    this.#records = records
    this.#open()
    for (const listener of [...this.#listeners]) listener()
  }

  /** What has been committed, by this hub or another. */
  follow(changes: readonly Change[]): void {
    const followed = changes.reduce(applyToAuthorities, this.#records)
    if (followed !== this.#records) this.adopt(followed)
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #signing(what: Signing): AuthorityRecord {
    const type = what === 'serving' ? 'tls' : what
    const next = onItsWayIn(this.#records, type)
    return next && isSignedByTheNew(what, next.rotation?.phase)
      ? next
      : inPlace(this.#records, type)
  }

  #sshSigner({ id }: AuthorityRecord): SshSigner {
    return opened(this.#ssh.get(id))
  }

  #tlsSigner({ id }: AuthorityRecord): X509Signer {
    return opened(this.#x509.get(id))
  }

  /** Keys that are new are opened, those that are gone forgotten. */
  #open(): void {
    const { sealer } = this.#options
    const ids = new Set(this.#records.map(({ id }) => id))
    for (const signers of [this.#ssh, this.#x509]) {
      for (const id of signers.keys()) if (!ids.has(id)) signers.delete(id)
    }
    for (const { id, type, publicPart, privateKey } of this.#records) {
      if (this.#ssh.has(id) || this.#x509.has(id)) continue
      const key = sealer.open(privateKey)
      if (type === 'tls') this.#x509.set(id, createX509Signer(publicPart, key))
      else this.#ssh.set(id, createSshSigner(key))
    }
    for (const type of ['user', 'host', 'tls'] as const) inPlace(this.#records, type)
  }
}

function opened<Signer>(signer: Signer | undefined): Signer {
  if (signer !== undefined) return signer
  throw new AuthError('internal', 'the key of a CA is not open')
}

/** Those of a type: the one in place, then the one on its way in. */
export function ofType(
  records: readonly AuthorityRecord[],
  type: AuthorityType,
): readonly AuthorityRecord[] {
  const next = onItsWayIn(records, type)
  return [inPlace(records, type), ...(next ? [next] : [])]
}

export function onItsWayIn(
  records: readonly AuthorityRecord[],
  type: AuthorityType,
): AuthorityRecord | undefined {
  return records.find((record) => record.type === type && record.rotation !== undefined)
}

/** What a change makes of the records; the same where it is about something else, or is known. */
export function applyToAuthorities(
  records: readonly AuthorityRecord[],
  change: Change,
): readonly AuthorityRecord[] {
  switch (change.kind) {
    case 'insert-authority':
      return records.some(({ id }) => id === change.authority.id)
        ? records
        : [...records, change.authority]
    case 'move-authority': {
      const { id, rotation } = change
      return records.map((record) => (record.id === id ? { ...record, rotation } : record))
    }
    case 'delete-authority':
      return records.filter(({ id }) => id !== change.id)
    default:
      return records
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
  const createdAt = clock.now()
  return { id: random.uuid(), type, publicPart, privateKey, createdAt, rotation: undefined }
}

/** The CA of a type that is in place, and goes when another has taken it. */
export function inPlace(records: readonly AuthorityRecord[], type: AuthorityType): AuthorityRecord {
  const found = records.find((record) => record.type === type && record.rotation === undefined)
  if (found) return found
  throw new AuthError('internal', `the store has no ${type} CA, though it has others`, {
    hint: 'restore the data directory from a backup',
  })
}
