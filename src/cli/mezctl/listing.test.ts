import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { allPages } from './listing.ts'

/** A hub with that many items, which never sends more than 200 in a page. */
function pagesOf(count: number) {
  const asked: number[] = []
  const fetch = async ({ pageSize, pageToken }: { pageSize: number; pageToken: string }) => {
    asked.push(pageSize)
    const start = Number(pageToken)
    const end = Math.min(count, start + Math.min(pageSize, 200))
    const items = Array.from({ length: end - start }, (_, i) => start + i)
    return { items, nextPageToken: end < count ? String(end) : '' }
  }
  return { fetch, asked }
}

describe('a list of several pages', () => {
  it('is read to its end', async () => {
    for (const count of [0, 1, 200, 201, 1_000]) {
      const items = await allPages(undefined, pagesOf(count).fetch)
      assert.deepEqual(
        items,
        Array.from({ length: count }, (_, i) => i),
      )
    }
  })

  it('is read to its limit, and no item more is asked for', async () => {
    const { fetch, asked } = pagesOf(1_000)
    assert.equal((await allPages(250, fetch)).length, 250)
    assert.deepEqual(asked, [250, 50])
  })
})
