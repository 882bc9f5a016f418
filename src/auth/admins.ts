/** Admin identities: who administers the hub from elsewhere than its own machine. */
import { equalBytes, sha256 } from '../base/bytes.ts'
import { checkName } from '../policy/names.ts'
import { isP256Spki } from '../x509/public-key.ts'
import type { AdminCaller, Caller } from './caller.ts'
import { actorOf } from './caller.ts'
import { issueClient } from './client-certificate.ts'
import { decideAndCommit } from './commit.ts'
import type { AuthContext } from './context.ts'
import { eventBy } from './context.ts'
import { AuthError, checkPolicy } from './errors.ts'
import { ADMIN_LIFE, BACKDATE, chooseLife } from './lives.ts'
import type { AdminRecord } from './records.ts'

export interface NewAdmin {
  readonly name: string
  /** SubjectPublicKeyInfo, DER, P-256. The private key stays with the admin. */
  readonly publicKey: Buffer
  readonly ttl?: number | undefined
}

export interface Admins {
  /** Returns the X.509 certificate, DER. @throws AuthError `invalid-request`, `already-exists` */
  create(caller: Caller, request: NewAdmin): Promise<{ admin: AdminRecord; certificate: Buffer }>
  list(): Promise<readonly AdminRecord[]>
  /** The identity is worthless from the return on. @throws AuthError `not-found` */
  remove(caller: Caller, name: string): Promise<void>
  /** @throws AuthError `unauthenticated` for an identity that was removed or has expired */
  requireCurrent(caller: AdminCaller): Promise<void>
}

export function createAdmins(context: AuthContext): Admins {
  const { store, clock, random, authorities } = context
  return {
    async create(caller, request) {
      const name = checkPolicy(() => checkName('admin', request.name))
      if (!isP256Spki(request.publicKey)) {
        throw new AuthError('invalid-request', 'the admin key is not a P-256 public key')
      }
      const now = clock.now()
      const admin: AdminRecord = {
        name,
        keyFingerprint: sha256(request.publicKey),
        createdAt: now,
        createdBy: actorOf(caller),
        expiresAt: Math.min(
          now + chooseLife(ADMIN_LIFE, request.ttl),
          authorities.tls.certificate.validity.notAfterMs,
        ),
      }
      const { der } = issueClient(
        {
          spki: request.publicKey,
          serial: random.bytes(16),
          validity: { notBeforeMs: now - BACKDATE, notAfterMs: admin.expiresAt },
          identity: { kind: 'admin', clusterId: store.clusterId, name },
        },
        authorities.tls,
      )
      await decideAndCommit(() =>
        store.commit({
          changes: [{ kind: 'insert-admin', admin }],
          events: [eventBy(context, caller, 'admin.create', { fields: { admin: name } })],
        }),
      )
      return { admin, certificate: der }
    },

    list: () => store.admins.list(),

    remove: (caller, name) =>
      decideAndCommit(() =>
        store.commit({
          changes: [{ kind: 'delete-admin', name }],
          events: [eventBy(context, caller, 'admin.remove', { fields: { admin: name } })],
        }),
      ),

    async requireCurrent({ name, keyFingerprint }) {
      const admin = await store.admins.get(name)
      const current =
        admin !== undefined &&
        equalBytes(admin.keyFingerprint, keyFingerprint) &&
        admin.expiresAt > clock.now()
      if (current) return
      throw new AuthError(
        'unauthenticated',
        `the admin identity "${name}" has expired or was removed`,
        {
          hint: `make a new one on the hub's machine: mezctl admins add ${name} --out FILE`,
        },
      )
    },
  }
}
