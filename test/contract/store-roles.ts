import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RotationRecord } from '../../src/auth/records.ts'
import type { Subject } from './store-contract.ts'
import { admin, apply, applyBot, authority, NOON, role } from './store-samples.ts'

/** Roles, admins and authorities: entities that rest on no other. */
export function describeRoles(subject: Subject): void {
  describe('roles', () => {
    it('reads back what was inserted', async () => {
      const { store } = subject
      await apply(store, { kind: 'insert-role', role: role() })
      assert.deepEqual(await store.roles.get('deployer'), role())
      assert.equal(await store.roles.get('Deployer'), undefined)
      assert.equal(await store.roles.count(), 1)
    })

    it('refuses a name that is taken', async () => {
      const { store } = subject
      await apply(store, { kind: 'insert-role', role: role() })
      const second = role({ description: 'another' })
      await assert.rejects(apply(store, { kind: 'insert-role', role: second }), {
        code: 'exists',
        subject: 'role "deployer"',
      })
      assert.deepEqual(await store.roles.get('deployer'), role())
    })

    it('replaces the revision before, and no other', async () => {
      const { store } = subject
      await apply(store, { kind: 'insert-role', role: role() })
      const edited = role({ revision: 2, document: 'edited', description: '', updatedAt: 5 })
      await apply(store, { kind: 'replace-role', role: edited })
      assert.deepEqual(await store.roles.get('deployer'), edited)
      for (const revision of [1, 2, 4]) {
        await assert.rejects(apply(store, { kind: 'replace-role', role: role({ revision }) }), {
          code: 'conflict',
          subject: 'role "deployer"',
        })
      }
      const unknown = role({ name: 'unknown', revision: 2 })
      await assert.rejects(apply(store, { kind: 'replace-role', role: unknown }), {
        code: 'missing',
        subject: 'role "unknown"',
      })
      assert.deepEqual(await store.roles.get('deployer'), edited)
    })

    it('deletes one that no bot has', async () => {
      const { store } = subject
      await applyBot(store, 'ci')
      await assert.rejects(apply(store, { kind: 'delete-role', name: 'role-of-ci' }), {
        code: 'in-use',
        subject: 'role "role-of-ci"',
        message: /bot "ci"/,
      })
      await apply(
        store,
        { kind: 'delete-bot', name: 'ci' },
        { kind: 'delete-role', name: 'role-of-ci' },
      )
      assert.equal(await store.roles.get('role-of-ci'), undefined)
      await assert.rejects(apply(store, { kind: 'delete-role', name: 'role-of-ci' }), {
        code: 'missing',
        subject: 'role "role-of-ci"',
      })
    })

    it('lists them by the bytes of their names, page by page', async () => {
      const { store } = subject
      for (const name of ['b', 'a-b', 'Z', 'ab', 'a.b', '9']) {
        await apply(store, { kind: 'insert-role', role: role({ name }) })
      }
      const names = (roles: readonly { name: string }[]) => roles.map(({ name }) => name)
      assert.deepEqual(names(await store.roles.list({ limit: 4 })), ['9', 'Z', 'a-b', 'a.b'])
      assert.deepEqual(names(await store.roles.list({ after: 'a.b', limit: 4 })), ['ab', 'b'])
      assert.deepEqual(names(await store.roles.list({ after: 'a', limit: 1 })), ['a-b'])
      assert.deepEqual(await store.roles.list({ after: 'b', limit: 4 }), [])
    })
  })

  describe('admins', () => {
    it('inserts, lists by name and deletes', async () => {
      const { store } = subject
      const [alice, bob] = [admin({ name: 'alice' }), admin({ name: 'bob' })]
      await apply(store, { kind: 'insert-admin', admin: bob })
      await apply(store, { kind: 'insert-admin', admin: alice })
      assert.deepEqual(await store.admins.get('bob'), bob)
      assert.deepEqual(await store.admins.list(), [alice, bob])
      await apply(store, { kind: 'delete-admin', name: 'bob' })
      assert.equal(await store.admins.get('bob'), undefined)
    })

    it('refuses a name that is taken, and to delete one that is not there', async () => {
      const { store } = subject
      await apply(store, { kind: 'insert-admin', admin: admin() })
      await assert.rejects(apply(store, { kind: 'insert-admin', admin: admin() }), {
        code: 'exists',
        subject: 'admin "alice"',
      })
      await assert.rejects(apply(store, { kind: 'delete-admin', name: 'bob' }), {
        code: 'missing',
        subject: 'admin "bob"',
      })
    })
  })

  describe('authorities', () => {
    it('keeps one of each type, oldest first', async () => {
      const { store } = subject
      const [tls, user] = [authority({ type: 'tls', createdAt: 2 }), authority({ createdAt: 1 })]
      await apply(store, { kind: 'insert-authority', authority: tls })
      await apply(store, { kind: 'insert-authority', authority: user })
      assert.deepEqual(await store.authorities.list(), [user, tls])
      for (const taken of [authority({ type: 'user' }), authority({ id: tls.id, type: 'host' })]) {
        await assert.rejects(apply(store, { kind: 'insert-authority', authority: taken }), {
          code: 'exists',
          subject: `${taken.type} authority`,
        })
      }
    })

    const rotation: RotationRecord = {
      ...{ phase: 'init', since: NOON, startedAt: NOON },
      ...{ signsSince: undefined, lastEndsAt: undefined },
    }

    it('lets one more of a type come in, and take the place of the other', async () => {
      const { store } = subject
      const [old, next] = [authority({ createdAt: 1 }), authority({ createdAt: 2, rotation })]
      await apply(store, { kind: 'insert-authority', authority: old })
      await apply(store, { kind: 'insert-authority', authority: next })
      const third = { kind: 'insert-authority', authority: authority({ rotation }) } as const
      await assert.rejects(apply(store, third), { code: 'exists' })
      const clients: RotationRecord = {
        ...rotation,
        ...{ phase: 'update-clients', since: NOON + 1, signsSince: NOON + 1, lastEndsAt: NOON + 2 },
      }
      const move = { kind: 'move-authority', id: next.id, expected: 'init' } as const
      await apply(store, { ...move, rotation: clients })
      assert.deepEqual(await store.authorities.list(), [old, { ...next, rotation: clients }])
      const gone = { kind: 'delete-authority', id: old.id } as const
      for (const change of [
        { ...move, rotation: clients },
        { ...move, id: old.id, rotation: clients },
        { ...gone, expected: 'init' },
        { ...gone, id: next.id, expected: undefined },
      ] as const) {
        await assert.rejects(apply(store, change), { code: 'conflict' })
      }
      await apply(
        store,
        { ...gone, expected: undefined },
        { ...move, expected: 'update-clients', rotation: undefined },
      )
      assert.deepEqual(await store.authorities.list(), [{ ...next, rotation: undefined }])
    })

    it('keeps the last report of each machine, until all are cleared', async () => {
      const { store } = subject
      const put = (instanceId: string, trustDigest: string, hostSerial?: bigint) =>
        apply(store, {
          kind: 'put-trust-report',
          report: { instanceId, trustDigest, hostSerial },
        })
      await put('b', '00', 2n ** 64n - 1n)
      await put('a', '01')
      await put('a', '02')
      assert.deepEqual(await store.trustReports.list(), [
        { instanceId: 'a', trustDigest: '02', hostSerial: undefined },
        { instanceId: 'b', trustDigest: '00', hostSerial: 2n ** 64n - 1n },
      ])
      await apply(store, { kind: 'clear-trust-reports' })
      assert.deepEqual(await store.trustReports.list(), [])
    })

    it('are sealed anew all together, with the keys of the audit log, or not at all', async () => {
      const { store } = subject
      const [user, tls] = [authority({ createdAt: 1 }), authority({ type: 'tls', createdAt: 2 })]
      await apply(store, { kind: 'insert-authority', authority: user })
      await apply(store, { kind: 'insert-authority', authority: tls })
      const key = { publicKey: Buffer.from('public'), privateKey: 'plain', createdAt: NOON }
      await apply(store, { kind: 'insert-audit-key', key })
      const sealed = { id: user.id, privateKey: 'sealed 1' }
      const others = { id: tls.id, privateKey: 'sealed 2' }
      const auditKeys = [{ publicKey: key.publicKey, privateKey: 'sealed 3' }]
      for (const [authorities, keys] of [
        [[sealed], auditKeys],
        [[sealed, others], []],
        [[sealed, { ...others, id: 'unknown' }], auditKeys],
      ] as const) {
        const change = { kind: 'reseal-keys', authorities, auditKeys: keys } as const
        await assert.rejects(apply(store, change), { code: 'conflict', subject: 'keys' })
      }
      await apply(store, { kind: 'reseal-keys', authorities: [others, sealed], auditKeys })
      assert.deepEqual(await store.authorities.list(), [
        { ...user, privateKey: 'sealed 1' },
        { ...tls, privateKey: 'sealed 2' },
      ])
      assert.deepEqual(await store.audit.keys(), [{ ...key, privateKey: 'sealed 3' }])
    })
  })
}
