import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import type { Subject } from './store-contract.ts'
import { apply, lock, node, serial, session } from './store-samples.ts'

const LARGEST = 2n ** 64n - 1n

export function describeNodes(subject: Subject): void {
  describe('nodes', () => {
    it('reads back what was inserted', async () => {
      const { store } = subject
      const inserted = [
        node({ name: 'a', labelsPinned: true, previousKeyFingerprint: randomBytes(32) }),
        // Keys that are special to objects of JavaScript are labels like others.
        node({ name: 'b', labels: JSON.parse('{"__proto__":"x","1":"y","constructor":"\\""}') }),
        node({ name: 'c', labels: {}, hosts: ['"', '\\', 'ü'] }),
      ]
      for (const each of inserted) await apply(store, { kind: 'insert-node', node: each })
      for (const each of inserted) assert.deepEqual(await store.nodes.get(each.name), each)
      assert.deepEqual(await store.nodes.list({ limit: 10 }), inserted)
      assert.equal(await store.nodes.get('A'), undefined)
      assert.equal(await store.nodes.count(), 3)
    })

    it('refuses a name that is taken', async () => {
      const { store } = subject
      const first = node()
      await apply(store, { kind: 'insert-node', node: first })
      await assert.rejects(apply(store, { kind: 'insert-node', node: node() }), {
        code: 'exists',
        subject: 'node "web-1"',
      })
      assert.deepEqual(await store.nodes.get('web-1'), first)
    })

    it('keeps all 64 bits of a generation and of a serial', async () => {
      const { store } = subject
      for (const extreme of [0n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, LARGEST]) {
        const name = `node-${extreme}`
        const first = node({ name, generation: extreme, hostCertificateSerial: LARGEST - extreme })
        await apply(store, { kind: 'insert-node', node: first })
        assert.deepEqual(await store.nodes.get(name), first)
        const next = {
          ...first,
          generation: LARGEST - extreme,
          hostCertificateSerial: extreme,
          revision: 2,
        }
        await apply(store, { kind: 'replace-node', node: next })
        assert.deepEqual(await store.nodes.get(name), next)
      }
    })

    it('replaces the revision before, and no other; its sessions and locks stay', async () => {
      const { store } = subject
      const first = node()
      const [there, locked] = [session(), lock({ target: { kind: 'node', node: 'web-1' } })]
      await apply(
        store,
        { kind: 'insert-node', node: first },
        { kind: 'insert-session', session: there },
        { kind: 'insert-lock', lock: locked },
      )
      const second = {
        name: 'web-1',
        labels: { env: 'production' },
        labelsPinned: true,
        hosts: ['192.0.2.9'],
        port: 2222,
        instanceId: randomUUID(),
        generation: 2n,
        keyFingerprint: randomBytes(32),
        previousKeyFingerprint: first.keyFingerprint,
        sshKeyFingerprint: randomBytes(32),
        revision: 2,
        joinedAt: 1,
        lastSeenAt: 2,
        identityExpiresAt: 3,
        hostCertificateSerial: serial(),
        hostCertificateExpiresAt: 4,
        clientVersion: '0.2.0',
        sshdVersion: 'OpenSSH_10.0p2',
        address: '2001:db8::1',
      }
      await apply(store, { kind: 'replace-node', node: second })
      assert.deepEqual(await store.nodes.get('web-1'), second)
      for (const revision of [1, 2, 4]) {
        await assert.rejects(apply(store, { kind: 'replace-node', node: node({ revision }) }), {
          code: 'conflict',
          subject: 'node "web-1"',
        })
      }
      const unknown = node({ name: 'unknown', revision: 2 })
      await assert.rejects(apply(store, { kind: 'replace-node', node: unknown }), {
        code: 'missing',
        subject: 'node "unknown"',
      })
      assert.deepEqual(await store.nodes.get('web-1'), second)
      assert.deepEqual(await store.sessions.list({}), [there])
      assert.deepEqual(await store.locks.list(), [locked])
    })

    it('lets one of 64 concurrent replacements of the same revision through', async () => {
      const { store } = subject
      const first = node()
      await apply(store, { kind: 'insert-node', node: first })
      const edits = Array.from({ length: 64 }, (_, index) => ({
        ...first,
        revision: 2,
        port: index,
      }))
      const results = await Promise.allSettled(
        edits.map((edit) => apply(store, { kind: 'replace-node', node: edit })),
      )
      const winners = edits.filter((_, index) => results[index]?.status === 'fulfilled')
      assert.equal(winners.length, 1)
      assert.deepEqual(await store.nodes.list({ limit: 10 }), winners)
    })

    it('deletes one with its sessions and the locks on it', async () => {
      const { store } = subject
      const stays = node({ name: 'web-2' })
      const stayingSession = session({ node: 'web-2' })
      const stayingLocks = [
        lock({ createdAt: 1, target: { kind: 'node', node: 'web-2' } }),
        lock({ createdAt: 2, target: { kind: 'login', login: 'web-1' } }),
      ]
      await apply(
        store,
        { kind: 'insert-node', node: node() },
        { kind: 'insert-node', node: stays },
        { kind: 'insert-session', session: session() },
        { kind: 'insert-session', session: session() },
        { kind: 'insert-session', session: stayingSession },
        { kind: 'insert-lock', lock: lock({ target: { kind: 'node', node: 'web-1' } }) },
        ...stayingLocks.map((each) => ({ kind: 'insert-lock', lock: each }) as const),
      )
      await apply(store, { kind: 'delete-node', name: 'web-1' })
      assert.deepEqual(await store.nodes.list({ limit: 10 }), [stays])
      assert.deepEqual(await store.sessions.list({}), [stayingSession])
      assert.deepEqual(await store.locks.list(), stayingLocks)
      await assert.rejects(apply(store, { kind: 'delete-node', name: 'web-1' }), {
        code: 'missing',
        subject: 'node "web-1"',
      })
    })

    it('lists a page of 10,000 by the bytes of their names', async () => {
      const { store } = subject
      const name = (index: number) => `node-${String(index).padStart(5, '0')}`
      const one = node()
      const acts = Array.from({ length: 100 }, (_, act) =>
        apply(
          store,
          ...Array.from({ length: 100 }, (_, index) => ({
            kind: 'insert-node' as const,
            node: { ...one, name: name(act * 100 + index) },
          })),
        ),
      )
      await Promise.all(acts)
      assert.equal(await store.nodes.count(), 10_000)
      const page = await store.nodes.list({ after: name(8_999), limit: 500 })
      assert.equal(page.length, 500)
      assert.deepEqual(page[0], { ...one, name: name(9_000) })
      assert.equal(page.at(-1)?.name, name(9_499))
      assert.equal((await store.nodes.list({ after: name(9_900), limit: 500 })).length, 99)
      assert.deepEqual(await store.nodes.list({ after: name(9_999), limit: 500 }), [])
    })
  })
}
