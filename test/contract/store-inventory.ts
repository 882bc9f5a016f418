import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ExpiryQuery } from '../../src/auth/storage.ts'
import type { Subject } from './store-contract.ts'
import { apply, applyBot, certificate, instance, NOON, node, session } from './store-samples.ts'

const ALL: ExpiryQuery = { from: 0, before: Number.MAX_SAFE_INTEGER, limit: 100 }

export function describeInventory(subject: Subject): void {
  const addInstance = (id: string, serial: bigint, expiresAt: number, bot = 'ci') =>
    apply(subject.store, {
      kind: 'insert-instance',
      instance: instance({ id, bot, certificateSerial: serial, certificateExpiresAt: expiresAt }),
    })
  const addCertificate = (serial: bigint, instanceId: string, expiresAt: number, bot = 'ci') =>
    apply(subject.store, {
      kind: 'insert-certificate',
      certificate: certificate({
        ...{ serial, instanceId, bot, expiresAt },
        issue: {
          generation: 2n ** 63n + 1n,
          issuedAt: NOON,
          keyFingerprint: Buffer.alloc(32, 7),
          principals: ['bot:ci', 'deploy'],
        },
      }),
    })

  describe('inventory', () => {
    it('has the newest certificate of each instance, soonest first, page by page', async () => {
      const { store } = subject
      await applyBot(store, 'ci')
      await applyBot(store, 'other')
      await addInstance('b', 2n, 20)
      await addInstance('a', 1n, 20)
      await addInstance('c', 2n ** 64n - 1n, 10, 'other')
      await addInstance('d', 4n, 30)
      await addCertificate(1n, 'a', 20)
      const ids = async (query: Partial<ExpiryQuery>) =>
        (await store.inventory.held({ ...ALL, ...query })).map((held) => held.instance.id)
      assert.deepEqual(await ids({}), ['c', 'a', 'b', 'd'])
      assert.deepEqual(await ids({ limit: 2 }), ['c', 'a'])
      assert.deepEqual(await ids({ after: { expiresAt: 20, id: 'a' } }), ['b', 'd'])
      assert.deepEqual(await ids({ from: 11, before: 30 }), ['a', 'b'])
      assert.deepEqual(await ids({ bot: 'other' }), ['c'])
      const [, first] = await store.inventory.held(ALL)
      assert.deepEqual(first?.issue, {
        generation: 2n ** 63n + 1n,
        issuedAt: NOON,
        keyFingerprint: Buffer.alloc(32, 7),
        principals: ['bot:ci', 'deploy'],
      })
      assert.equal((await store.inventory.held(ALL)).at(-1)?.issue, undefined)
    })

    it('has the older ones, also of bots that are gone, over all 64 bits', async () => {
      const { store } = subject
      await applyBot(store, 'ci')
      await addInstance('a', 3n, 30)
      const serials = [3n, 2n, 2n ** 63n, 2n ** 64n - 1n]
      for (const serial of serials) await addCertificate(serial, 'a', 30)
      await addCertificate(9n, 'x', 10, 'gone')
      const older = await store.inventory.older(ALL)
      assert.deepEqual(
        new Set(older.map(({ serial }) => serial)),
        new Set([9n, 2n, 2n ** 63n, 2n ** 64n - 1n]),
      )
      assert.deepEqual([older[0]?.serial, older[0]?.hasInstance], [9n, false])
      assert.equal(older.at(-1)?.hasInstance, true)
      // One at a time, none is left out and none comes twice.
      const found: bigint[] = []
      let after: ExpiryQuery['after']
      for (;;) {
        const [next] = await store.inventory.older({ ...ALL, after, limit: 1 })
        if (!next) break
        found.push(next.serial)
        after = { expiresAt: next.expiresAt, id: String(next.serial) }
      }
      assert.deepEqual(
        found,
        older.map(({ serial }) => serial),
      )
    })

    it('has nodes by the end of their host certificates', async () => {
      const { store } = subject
      for (const [name, end] of [
        ['web', 20],
        ['db', 10],
      ] as const) {
        await apply(store, {
          kind: 'insert-node',
          node: node({ name, hostCertificateExpiresAt: end }),
        })
      }
      const names = async (query: Partial<ExpiryQuery>) =>
        (await store.inventory.nodes({ ...ALL, ...query })).map(({ name }) => name)
      assert.deepEqual(await names({}), ['db', 'web'])
      assert.deepEqual(await names({ after: { expiresAt: 10, id: 'db' } }), ['web'])
      assert.deepEqual(await names({ node: 'web' }), ['web'])
    })

    it('counts what there is, and what goes with others', async () => {
      const { store } = subject
      await applyBot(store, 'ci')
      await applyBot(store, 'other')
      for (const [id, bot] of [
        ['a', 'ci'],
        ['b', 'ci'],
        ['c', 'other'],
      ] as const) {
        await addInstance(id, 1n, 10, bot)
      }
      await apply(store, { kind: 'insert-node', node: node({ name: 'web' }) })
      for (const id of ['1', '2']) {
        await apply(store, { kind: 'insert-session', session: session({ id, node: 'web' }) })
      }
      const counts = async () => [
        await store.bots.count(),
        await store.instances.count(),
        await store.nodes.count(),
        await store.sessions.count(),
        await store.roles.count(),
      ]
      const before = await counts()
      assert.deepEqual(before.slice(0, 4), [2, 3, 1, 2])
      await apply(store, { kind: 'delete-bot', name: 'ci' })
      await apply(store, { kind: 'delete-node', name: 'web' })
      await assert.rejects(apply(store, { kind: 'delete-bot', name: 'unknown' }))
      assert.deepEqual((await counts()).slice(0, 4), [1, 1, 0, 0])
      await subject.reopen()
      assert.equal(await subject.store.roles.count(), before[4])
    })
  })
}
