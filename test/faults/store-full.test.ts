import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { holdExclusively } from '../../src/base/exclusive-lock.ts'
import { createDirectory, openHere } from '../contract/sqlite-place.ts'
import { assertChain } from '../contract/store-audit.ts'
import { apply, role } from '../contract/store-samples.ts'

/** A disk of 2 MiB; mounting it needs root. */
describe('on a full disk', () => {
  let disk = ''
  beforeEach(async () => {
    disk = await createDirectory()
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=0700', 'mezite-test', disk])
  })
  afterEach(() => {
    execFileSync('umount', [disk])
    rmdirSync(disk)
  })

  /** Takes what is left, to the last byte. */
  const fill = () => {
    const full = { code: 'ENOSPC' }
    assert.throws(() => writeFileSync(join(disk, 'filler'), Buffer.alloc(4 << 20)), full)
    assert.throws(() => writeFileSync(join(disk, 'rest'), Buffer.alloc(4096)), full)
  }
  const free = () => {
    for (const file of ['filler', 'rest']) rmSync(join(disk, file))
  }

  it('the SQLite store refuses acts whole, and takes them again once there is space', async () => {
    const store = await openHere(disk)
    const applied = new Set<string>()
    const refused = new Set<string>()
    let number = 0
    const applySome = async () => {
      const names = Array.from({ length: 8 }, () => `role-${number++}`)
      const results = await Promise.allSettled(
        names.map((name) =>
          apply(
            store,
            { kind: 'insert-role', role: role({ name, document: 'x'.repeat(1000) }) },
            { kind: 'insert-role', role: role({ name: `${name}-second` }) },
          ),
        ),
      )
      for (const [index, result] of results.entries()) {
        const set = result.status === 'fulfilled' ? applied : refused
        set.add(names[index] ?? '')
        if (result.status === 'rejected') assert.equal(result.reason.code, 'unavailable')
      }
    }
    const assertNoneByHalves = async (opened: typeof store) => {
      const expected = [...applied].flatMap((name) => [name, `${name}-second`]).sort()
      const stored = await opened.roles.list({ limit: 10_000 })
      assert.deepEqual(
        stored.map(({ name }) => name),
        expected,
      )
      assert.equal(await opened.audit.count(), applied.size)
      await assertChain(opened)
    }

    for (let round = 0; round < 3; round++) {
      await applySome()
      fill()
      while (refused.size < (round + 1) * 16) await applySome()
      await assertNoneByHalves(store)
      free()
      const before = applied.size
      await applySome()
      assert.equal(applied.size, before + 8)
      await assertNoneByHalves(store)
    }
    fill()
    while (refused.size < 64) await applySome()
    await store.close()
    free()
    const reopened = await openHere(disk)
    await assertNoneByHalves(reopened)
    await reopened.close()
  })

  it('a lock can be taken, and names no one rather than the one before', async () => {
    const path = join(disk, 'state.lock')
    writeFileSync(path, '')
    writeFileSync(`${path}-holder`, '')
    fill()
    const lock = await holdExclusively(path, 'me')
    await assert.rejects(holdExclusively(path, 'you'), {
      code: 'held',
      holder: undefined,
      message: `${path} is held by another process`,
    })
    await lock.release()
    free()
  })
})
