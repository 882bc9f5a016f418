import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CertificateRecord } from '../../src/auth/records.ts'
import type { Change } from '../../src/auth/storage.ts'
import { assertChain } from './store-audit.ts'
import type { Subject } from './store-contract.ts'
import {
  admin,
  apply,
  applyBot,
  authority,
  bot,
  certificate,
  event,
  instance,
  lock,
  node,
  renewed,
  role,
  session,
  token,
} from './store-samples.ts'

export function describeActs(subject: Subject): void {
  describe('acts', () => {
    it('leaves nothing of an act whose last change fails, not even its event', async () => {
      const { store } = subject
      await applyBot(store, 'ci')
      const [joined, kept, spare] = [instance(), token(), token({ kind: 'node', bot: undefined })]
      const [stays, goes] = [node({ name: 'stays' }), node({ name: 'goes' })]
      const ended = session({ node: 'stays' })
      await apply(
        store,
        { kind: 'insert-instance', instance: joined },
        { kind: 'insert-token', token: kept },
        { kind: 'insert-admin', admin: admin({ name: 'kept' }) },
        { kind: 'insert-token', token: spare },
        { kind: 'insert-node', node: stays },
        { kind: 'insert-node', node: goes },
        { kind: 'insert-session', session: ended },
        { kind: 'insert-session', session: session({ node: 'goes' }) },
        { kind: 'insert-certificate', certificate: certificate({ expiresAt: 1 }) },
        { kind: 'insert-lock', lock: lock({ target: { kind: 'node', node: 'goes' } }) },
      )
      const before = await everything(subject)
      const changes: readonly Change[] = [
        { kind: 'insert-role', role: role({ name: 'new' }) },
        { kind: 'replace-role', role: role({ name: 'role-of-ci', revision: 2 }) },
        { kind: 'insert-bot', bot: bot({ name: 'new', roles: ['new'] }) },
        { kind: 'replace-bot', bot: bot({ roles: ['new'], revision: 2 }) },
        { kind: 'touch-bot', name: 'ci' },
        { kind: 'delete-role', name: 'role-of-ci' },
        { kind: 'insert-token', token: token() },
        {
          kind: 'redeem-token',
          redemption: { tokenId: kept.id, keyFingerprint: Buffer.alloc(32), instanceId: joined.id },
        },
        { kind: 'invalidate-tokens', bot: 'ci', reason: 'rotated' },
        { kind: 'insert-instance', instance: instance() },
        { kind: 'replace-instance', expected: joined, instance: renewed(joined) },
        { kind: 'insert-lock', lock: lock() },
        { kind: 'insert-lock', lock: lock({ target: { kind: 'role', role: 'new' } }) },
        { kind: 'insert-lock', lock: lock({ target: { kind: 'node', node: 'stays' } }) },
        { kind: 'insert-lock', lock: lock({ target: { kind: 'login', login: 'root' } }) },
        { kind: 'insert-certificate', certificate: certificate() },
        { kind: 'forget-certificates', expiredBy: 1 },
        { kind: 'insert-node', node: node({ name: 'new' }) },
        { kind: 'replace-node', node: { ...stays, revision: 2, port: 2222 } },
        { kind: 'delete-node', name: 'goes' },
        { kind: 'insert-session', session: session({ node: 'stays' }) },
        { kind: 'delete-session', node: 'stays', id: ended.id },
        { kind: 'delete-token', id: spare.id },
        { kind: 'insert-admin', admin: admin({ name: 'new' }) },
        { kind: 'delete-admin', name: 'kept' },
        { kind: 'insert-authority', authority: authority() },
        { kind: 'delete-bot', name: 'ci' },
      ]
      await assert.rejects(apply(store, ...changes, { kind: 'touch-bot', name: 'unknown' }), {
        code: 'missing',
        subject: 'bot "unknown"',
      })
      assert.deepEqual(await everything(subject), before)
      await apply(store, ...changes)
      assert.notDeepEqual(await everything(subject), before)
    })

    it('applies the acts around one that is refused', async () => {
      const { store } = subject
      await apply(store, { kind: 'insert-role', role: role({ name: 'taken' }) })
      const names = ['a', 'taken', 'b', 'taken', 'c']
      const results = await Promise.allSettled(
        names.map((name) => apply(store, { kind: 'insert-role', role: role({ name }) })),
      )
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
      )
      assert.equal(await store.roles.count(), 4)
      assert.equal(await store.audit.count(), 4)
      await assertChain(store)
    })

    it('applies acts in the order in which they came', async () => {
      const { store } = subject
      await apply(store, { kind: 'insert-role', role: role() })
      const edits = Array.from({ length: 300 }, (_, index) =>
        apply(store, { kind: 'replace-role', role: role({ revision: index + 2 }) }),
      )
      await Promise.all(edits)
      assert.equal((await store.roles.get('deployer'))?.revision, 301)
    })

    it('shows an act to every read after it', async () => {
      const { store } = subject
      for (let index = 0; index < 50; index++) {
        const name = `role-${index}`
        await apply(store, { kind: 'insert-role', role: role({ name }) })
        assert.ok(await store.roles.get(name))
      }
    })

    it('finds all of it again after it was closed', async () => {
      const { store } = subject
      await applyBot(store, 'ci')
      await store.commit({
        changes: [
          { kind: 'insert-instance', instance: instance() },
          { kind: 'insert-token', token: token() },
          { kind: 'insert-lock', lock: lock() },
          { kind: 'insert-lock', lock: lock({ target: { kind: 'login', login: 'root' } }) },
          { kind: 'insert-token', token: token({ kind: 'node', bot: undefined }) },
          { kind: 'insert-certificate', certificate: certificate() },
          { kind: 'insert-node', node: node() },
          { kind: 'insert-session', session: session() },
          { kind: 'insert-admin', admin: admin() },
          { kind: 'insert-authority', authority: authority() },
        ],
        events: [event({ fields: { a: 'b' } }), event()],
      })
      const before = await everything(subject)
      const { clusterId } = store
      assert.match(
        clusterId,
        /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      )
      const reopened = await subject.reopen()
      assert.equal(reopened.clusterId, clusterId)
      assert.deepEqual(await everything(subject), before)
      await apply(reopened, { kind: 'touch-bot', name: 'ci' })
      await assertChain(reopened)
    })

    it('waits for the acts under way when it is closed, and takes none after', async () => {
      const { store } = subject
      const names = Array.from({ length: 200 }, (_, index) => `role-${index}`)
      const acts = names.map((name) => apply(store, { kind: 'insert-role', role: role({ name }) }))
      const closed = store.close()
      await assert.rejects(apply(store), { code: 'unavailable' })
      await closed
      await Promise.all(acts)
      await assert.rejects(apply(store), { code: 'unavailable' })
      await assert.rejects(store.roles.count(), { code: 'unavailable' })
      await store.close()
      const reopened = await subject.reopen()
      assert.equal(await reopened.roles.count(), 200)
      assert.equal(await reopened.audit.count(), 200)
    })
  })
}

function bySerial(a: CertificateRecord, b: CertificateRecord): number {
  return a.serial < b.serial ? -1 : 1
}

async function everything({ store }: Subject): Promise<unknown> {
  const bots = await store.bots.list({ limit: 100 })
  return {
    roles: await store.roles.list({ limit: 100 }),
    bots,
    tokens: await Promise.all(bots.map(({ name }) => store.tokens.listForBot(name))),
    instances: await Promise.all(bots.map(({ name }) => store.instances.listForBot(name))),
    nodeTokens: await store.tokens.listForNodes(),
    certificates: [...(await store.certificates.list(0))].sort(bySerial),
    nodes: await store.nodes.list({ limit: 100 }),
    sessions: await store.sessions.list({}),
    locks: await store.locks.list(),
    admins: await store.admins.list(),
    authorities: await store.authorities.list(),
    events: await store.audit.list({ limit: 100 }),
  }
}
