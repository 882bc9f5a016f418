/**
 * The key that signs the audit log: Ed25519, made at the hub's first start, or at the first start of
 * a release that has one. It is nobody's CA and certified by none, so a log outlives every rotation
 * of the CAs; whoever is to verify it is given its public half.
 */
import type { Clock } from '../base/clock.ts'
import { generatePrivateKey } from '../ssh/private-key.ts'
import { fingerprint } from '../ssh/public-key.ts'
import { createSshSigner, type SshSigner } from '../ssh/signature.ts'
import type { AuditKeyRecord } from './audit-log.ts'
import { decideAndCommit } from './commit.ts'
import { eventByHub } from './context.ts'
import type { KeySealer } from './sealed-key.ts'
import type { Store } from './storage.ts'

export interface AuditKeyOptions {
  readonly store: Store
  readonly clock: Pick<Clock, 'now'>
  readonly sealer: KeySealer
}

/** @throws AuthError `passphrase-needed`, `passphrase-wrong`, `passphrase-unused` */
export async function openAuditKey(options: AuditKeyOptions): Promise<SshSigner> {
  const { privateKey } = await decideAndCommit(async () => {
    const [stored] = await options.store.audit.keys()
    return stored ?? (await create(options))
  })
  return createSshSigner(options.sealer.open(privateKey))
}

async function create({ store, clock, sealer }: AuditKeyOptions): Promise<AuditKeyRecord> {
  const privateKey = generatePrivateKey('ssh-ed25519')
  const { publicKey } = createSshSigner(privateKey)
  const key: AuditKeyRecord = {
    publicKey: publicKey.blob,
    privateKey: sealer.seal(privateKey),
    createdAt: clock.now(),
  }
  await store.commit({
    changes: [{ kind: 'insert-audit-key', key }],
    events: [eventByHub({ clock }, 'audit.start', { fields: { key: fingerprint(publicKey) } })],
  })
  return key
}
