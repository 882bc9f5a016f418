import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Subject } from './store-contract.ts'
import { admin, apply, applyBot, authority, role } from './store-samples.ts'

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
  })
}
