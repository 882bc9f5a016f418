import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CertificateRecord } from '../../src/auth/records.ts'
import type { Subject } from './store-contract.ts'
import { apply, certificate } from './store-samples.ts'

const LARGEST = 2n ** 64n - 1n
const EXTREMES = [0n, 1n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, LARGEST - 1n, LARGEST]

export function describeCertificates(subject: Subject): void {
  const insert = async (...certificates: readonly CertificateRecord[]) => {
    for (const each of certificates) {
      await apply(subject.store, { kind: 'insert-certificate', certificate: each })
    }
  }

  describe('certificates', () => {
    it('lists those of a bot by serial, over all 64 bits', async () => {
      const { store } = subject
      const given = EXTREMES.map((serial) => certificate({ serial }))
      await insert(...given.toReversed(), certificate({ bot: 'other' }))
      assert.deepEqual(await store.certificates.listForBot('ci', 0), given)
      assert.deepEqual(await store.certificates.listForBot('unknown', 0), [])
    })

    it('leaves out those that have expired', async () => {
      const { store } = subject
      const [past, now, next] = [9, 10, 11].map((expiresAt) => certificate({ expiresAt }))
      const others = certificate({ bot: 'other', expiresAt: 11 })
      assert.ok(past && now && next)
      await insert(past, now, next, others)
      assert.deepEqual(await store.certificates.listForBot('ci', 10), [next])
      const all = await store.certificates.list(10)
      assert.deepEqual(
        new Set(all.map(({ serial }) => serial)),
        new Set([next.serial, others.serial]),
      )
      assert.equal((await store.certificates.list(8)).length, 4)
      assert.deepEqual(await store.certificates.list(11), [])
    })

    it('refuses a serial that is there, whatever its bot', async () => {
      const { store } = subject
      for (const serial of EXTREMES) {
        const first = certificate({ serial })
        await insert(first)
        await assert.rejects(insert(certificate({ serial, bot: 'other' })), {
          code: 'exists',
          subject: `certificate ${serial}`,
        })
      }
      assert.deepEqual(await store.certificates.listForBot('other', 0), [])
    })

    it('refuses alone an act with a serial of more than 64 bits', async () => {
      const { store } = subject
      const results = await Promise.allSettled([
        insert(certificate()),
        insert(certificate({ serial: LARGEST + 1n })),
      ])
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected'],
      )
      assert.equal((await store.certificates.list(0)).length, 1)
    })

    it('forgets those that have expired by a time', async () => {
      const { store } = subject
      const [past, now, next] = [9, 10, 11].map((expiresAt) => certificate({ expiresAt }))
      assert.ok(past && now && next)
      await insert(past, now, next)
      await apply(store, { kind: 'forget-certificates', expiredBy: 10 })
      assert.deepEqual(await store.certificates.list(0), [next])
      await insert(past)
      await apply(store, { kind: 'forget-certificates', expiredBy: 8 })
      assert.equal((await store.certificates.list(0)).length, 2)
    })
  })
}
