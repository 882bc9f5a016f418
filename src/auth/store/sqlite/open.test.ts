import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { systemRandom } from '../../../base/random.ts'
import type { Store } from '../../storage.ts'
import { initial } from './migrations/0001-initial.ts'
import { APPLICATION_ID, SCHEMA_VERSION } from './migrations/migrate.ts'
import { openSqliteStore } from './open.ts'

const UID = process.getuid?.() ?? 0
const NOON = Date.UTC(2026, 2, 24, 12)

/** A process that opens the store in the directory given, prints its pid, and does `then`. */
const opener = (then: string) => `
const { openSqliteStore } = await import(${JSON.stringify(new URL('./open.ts', import.meta.url).href)})
const store = await openSqliteStore({
  directory: process.argv[1],
  clock: { now: () => ${NOON} },
  random: { uuid: () => crypto.randomUUID() },
  pid: process.pid,
  uid: process.getuid(),
})
console.log(process.pid)
${then}`

describe('openSqliteStore', () => {
  let directory = ''
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mezite-hub-'))
  })
  const stores: Store[] = []
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close()
    await rm(directory, { recursive: true })
  })

  const open = async (
    uid = UID,
    onListenerError: (error: unknown) => void = assert.ifError,
  ): Promise<Store> => {
    const clock = { now: () => NOON }
    const options = {
      directory,
      clock,
      random: systemRandom,
      pid: process.pid,
      uid,
      onListenerError,
    }
    const store = await openSqliteStore(options)
    stores.push(store)
    return store
  }
  const path = () => join(directory, 'hub.db')
  const runAsHub = (sql: string) => {
    const database = new DatabaseSync(path())
    database.exec(sql)
    database.close()
  }

  it('makes files for this user alone, and leaves the database and the lock', async () => {
    const store = await open()
    assert.equal(store.description, `sqlite ${path()}`)
    await store.commit({ changes: [], events: [] })
    const files = ['hub.db', 'hub.db-shm', 'hub.db-wal', 'hub.lock', 'hub.lock-holder']
    assert.deepEqual((await readdir(directory)).sort(), files)
    for (const file of files) {
      assert.equal((await stat(join(directory, file))).mode & 0o777, 0o600, file)
    }
    await store.close()
    assert.deepEqual((await readdir(directory)).sort(), ['hub.db', 'hub.lock'])
  })

  it('refuses a directory that is open to others, of another user, or not there', async () => {
    for (const mode of [0o770, 0o702]) {
      await chmod(directory, mode)
      await assert.rejects(open(), {
        code: 'unavailable',
        message: `${directory} can be written by other users`,
        hint: `close it: chmod go-w ${directory}`,
      })
    }
    await chmod(directory, 0o755)
    await assert.rejects(open(UID + 1), {
      code: 'unavailable',
      message: `${directory} belongs to user ${UID}, and this process runs as ${UID + 1}`,
    })
    assert.deepEqual(await readdir(directory), [])
    await rm(directory, { recursive: true })
    await assert.rejects(open(), { code: 'unavailable', hint: /install -d -m 0700/ })
    await writeFile(directory, '')
    await assert.rejects(open(), { code: 'unavailable', message: /is not a directory/ })
  })

  it('refuses a second hub, and names the first; a killed one is no hindrance', async () => {
    const argv = ['--input-type=module', '-e', opener('setInterval(() => {}, 1000)'), directory]
    const first = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
    const exited = once(first, 'exit')
    let pid = Number.NaN
    for await (const line of first.stdout) {
      pid = Number(line)
      break
    }
    try {
      await assert.rejects(open(), {
        code: 'in-use-by-another',
        message: `${directory} is in use by pid ${pid} since 2026-03-24T12:00:00Z`,
        hint: /stop the other mezhub/,
      })
    } finally {
      first.kill('SIGKILL')
      await exited
    }
    const store = await open()
    await assert.rejects(open(), { code: 'in-use-by-another' })
    await store.close()
    await (await open()).close()
  })

  it('lets the process end once it is closed', () => {
    const argv = ['--input-type=module', '-e', opener('await store.close()'), directory]
    const child = spawnSync(process.execPath, argv, { timeout: 30_000 })
    assert.deepEqual([child.status, child.signal, child.stderr.toString()], [0, null, ''])
  })

  it('brings a database of version 1 up, and reports what its listeners throw', async () => {
    runAsHub(`${initial}
      PRAGMA application_id = ${APPLICATION_ID};
      PRAGMA user_version = 1;
      INSERT INTO hub VALUES ('c1');
      INSERT INTO bots VALUES ('ci', 86400000, 7, 1, 'local');
      INSERT INTO locks VALUES ('l1', 'ci', NULL, 'all', 1, 'local', NULL);`)
    const reported: unknown[] = []
    const store = await open(UID, (error) => reported.push(error))
    assert.equal(store.clusterId, 'c1')
    assert.equal((await store.bots.get('ci'))?.revision, 7)
    assert.equal((await store.locks.listForBot('ci')).length, 1)
    const failure = new Error('broken')
    store.changes.subscribe(() => {
      throw failure
    })
    await store.commit({ changes: [{ kind: 'touch-bot', name: 'ci' }], events: [] })
    assert.deepEqual(reported, [failure])
    await store.close()
    assert.equal((await (await open()).bots.get('ci'))?.revision, 8)
  })

  it('refuses a database of a newer version, and leaves it as it is', async () => {
    await (await open()).close()
    runAsHub('PRAGMA user_version = 99')
    const before = await readFile(path())
    await assert.rejects(open(), {
      code: 'too-new',
      message: `the database has schema version 99; this mezhub knows versions up to ${SCHEMA_VERSION}`,
      hint: /newer mezhub/,
    })
    assert.deepEqual(await readFile(path()), before)
    runAsHub(`PRAGMA user_version = ${SCHEMA_VERSION}`)
    await (await open()).close()
  })

  it(`refuses another program's database, and leaves it as it is`, async () => {
    runAsHub('CREATE TABLE bookmarks (url TEXT)')
    const before = await readFile(path())
    const foreign = { code: 'damaged', message: 'the database was not written by mezhub' }
    await assert.rejects(open(), foreign)
    assert.deepEqual(await readFile(path()), before)
    await rm(path())
    runAsHub('PRAGMA application_id = 1')
    await assert.rejects(open(), foreign)
  })

  it('refuses what is no database, or a damaged one', async () => {
    await writeFile(path(), 'not a database '.repeat(1000))
    await assert.rejects(open(), { code: 'damaged', hint: /backup/ })
    await rm(path())

    const store = await open()
    await store.commit({ changes: [], events: [] })
    await store.close()
    const bytes = await readFile(path())
    await writeFile(path(), bytes.fill(0xff, 200))
    await assert.rejects(open(), { code: 'damaged', hint: /backup/ })
  })

  it('takes up what an interrupted first start left', async () => {
    await writeFile(path(), '', { mode: 0o600 })
    runAsHub('PRAGMA journal_mode = WAL')
    const store = await open()
    assert.equal(await store.audit.count(), 0)
    await store.close()
  })
})
