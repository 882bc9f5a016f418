import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { bot, role } from '../../../../test/contract/store-samples.ts'
import { FakeClock } from '../../../../test/fakes/clock.ts'
import { systemRandom } from '../../../base/random.ts'
import type { Store } from '../../storage.ts'
import { backUp } from './backup.ts'
import { openSqliteStore } from './open.ts'
import { restore } from './restore.ts'

const { pid } = process
const uid = process.getuid?.() ?? 0

describe('a backup of the embedded store', () => {
  let root: string
  let directory: string
  let path: string
  let store: Store
  const clock = new FakeClock()
  const about = { clock, random: systemRandom, pid, uid }

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'mezite-backup-'))
    directory = join(root, 'hub')
    path = join(root, 'backup.db')
    await mkdir(directory, { mode: 0o700 })
    store = await openSqliteStore({ directory, ...about })
    await store.commit({ changes: [{ kind: 'insert-role', role: role() }], events: [] })
  })
  afterEach(async () => {
    await store.close()
    await rm(root, { recursive: true })
  })

  const backedUp = (options = {}) =>
    backUp({ directory, path, replace: false, ...about, ...options })
  const restored = (options = {}) =>
    restore({ directory, path, replace: true, ...about, ...options })
  const names = async () => (await store.bots.list({ limit: 10 })).map(({ name }) => name)

  async function addBots(...bots: readonly string[]): Promise<void> {
    for (const name of bots) {
      await store.commit({ changes: [{ kind: 'insert-bot', bot: bot({ name }) }], events: [] })
    }
  }

  async function reopen(): Promise<void> {
    store = await openSqliteStore({ directory, ...about })
  }

  it('is one file of this user, whole while commits go on', async () => {
    await addBots('one')
    const running = Array.from({ length: 50 }, (_, i) => addBots(`more-${i}`))
    const facts = await backedUp()
    await Promise.all(running)
    assert.deepEqual((await readdir(root)).sort(), ['backup.db', 'hub'])
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.ok(facts.bots >= 1)
    const check = execFileSync(process.execPath, [
      '-e',
      `const { DatabaseSync } = require('node:sqlite')
       const database = new DatabaseSync(${JSON.stringify(path)}, { readOnly: true })
       console.log(database.prepare('PRAGMA integrity_check').get().integrity_check)`,
    ])
    assert.equal(String(check), 'ok\n')
    await store.close()
    await restored()
    await reopen()
    assert.equal((await names()).length, Math.min(10, facts.bots))
  })

  it('has the mode of a secret under any umask', async () => {
    const before = process.umask(0)
    try {
      await backedUp()
    } finally {
      process.umask(before)
    }
    assert.equal((await stat(path)).mode & 0o777, 0o600)
  })

  it('replaces no file unless told to, and leaves none half written', async () => {
    await writeFile(path, 'precious')
    await assert.rejects(backedUp(), { code: 'exists' })
    assert.equal(await readFile(path, 'utf8'), 'precious')
    await backedUp({ replace: true })
    await assert.rejects(backedUp({ path: join(root, 'missing', 'x.db') }), { code: 'unavailable' })
    await assert.rejects(backedUp({ directory: root }), { code: 'missing' })
    assert.deepEqual((await readdir(root)).sort(), ['backup.db', 'hub'])
  })

  it('brings back what was, and puts aside what is', async () => {
    await addBots('one')
    await backedUp()
    await addBots('two')
    await assert.rejects(restored(), { code: 'in-use-by-another' })
    await store.close()
    await assert.rejects(restored({ replace: false }), { code: 'exists' })
    const { replaced = '' } = await restored()
    await reopen()
    assert.deepEqual(await names(), ['one'])
    await store.close()
    await rm(join(directory, 'hub.db'))
    await rename(replaced, join(directory, 'hub.db'))
    await reopen()
    assert.deepEqual(await names(), ['one', 'two'])
  })

  it('is found damaged before anything is replaced', async () => {
    await addBots('one')
    await backedUp()
    await store.close()
    const content = await readFile(path)
    for (const wrong of [content.subarray(0, content.length / 2), Buffer.from('no database')]) {
      await writeFile(path, wrong)
      await assert.rejects(restored(), { code: 'damaged' })
    }
    await reopen()
    assert.deepEqual(await names(), ['one'])
    await store.close()
    // The database of a hub, copied by hand, doesn't say when that was.
    await writeFile(path, await readFile(join(directory, 'hub.db')))
    await assert.rejects(restored(), { code: 'damaged' })
    await reopen()
  })

  it('is put back again where that was cut off, and no hub starts before', async () => {
    await addBots('one')
    await backedUp()
    await store.close()
    // The old database is aside and the new one not in its place yet.
    await writeFile(join(directory, 'hub.db.restored'), 'whatever was there')
    await rename(join(directory, 'hub.db'), join(directory, 'hub.db.replaced'))
    await assert.rejects(openSqliteStore({ directory, ...about }), {
      code: 'unavailable',
      hint: 'run mezhub restore --replace again',
    })
    await restored()
    await reopen()
    assert.deepEqual(await names(), ['one'])
  })
})
