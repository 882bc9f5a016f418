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
  /**
   * Certifies the caller's key anew, until the same time, by the TLS CA that signs now.
   *
   * @throws AuthError `invalid-request`
   */
  renew(
    caller: AdminCaller,
    publicKey: Buffer,
  ): Promise<{ admin: AdminRecord; certificate: Buffer }>
  list(): Promise<readonly AdminRecord[]>
  /** The identity is worthless from the return on. @throws AuthError `not-found` */
  remove(caller: Caller, name: string): Promise<void>
  /** @throws AuthError `unauthenticated` for an identity that was removed or has expired */
  requireCurrent(caller: AdminCaller): Promise<void>
}

export function createAdmins(context: AuthContext): Admins {
  const { store, clock, random, authorities } = context

  function certify(name: string, spki: Buffer, now: number, notAfterMs: number): Buffer {
    const { der } = issueClient(
      {
        spki,
        serial: random.bytes(16),
        validity: { notBeforeMs: now - BACKDATE, notAfterMs },
        identity: { kind: 'admin', clusterId: store.clusterId, name },
      },
      authorities.tls,
    )
    return der
  }

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
      const certificate = certify(name, request.publicKey, now, admin.expiresAt)
      await decideAndCommit(() =>
        store.commit({
          changes: [{ kind: 'insert-admin', admin }],
          events: [eventBy(context, caller, 'admin.create', { fields: { admin: name } })],
        }),
      )
      return { admin, certificate }
    },

    async renew(caller, publicKey) {
      const { name, keyFingerprint } = caller
      const stored = await store.admins.get(name)
      const isOwn =
        equalBytes(sha256(publicKey), keyFingerprint) &&
        stored !== undefined &&
        equalBytes(stored.keyFingerprint, keyFingerprint)
      if (!isOwn) {
        throw new AuthError('invalid-request', `that is not the key of the admin "${name}"`)
      }
      const now = clock.now()
      const certificate = certify(name, publicKey, now, stored.expiresAt)
      const admin: AdminRecord = { ...stored, createdAt: now }
      await decideAndCommit(() =>
        store.commit({
          changes: [
            { kind: 'delete-admin', name },
            { kind: 'insert-admin', admin },
          ],
          events: [eventBy(context, caller, 'admin.renew', { fields: { admin: name } })],
        }),
      )
      return { admin, certificate }
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
