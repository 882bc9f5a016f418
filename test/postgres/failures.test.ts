import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import type { Store, StoreError } from '../../src/auth/storage.ts'
import { SCHEMA_VERSION } from '../../src/auth/store/postgres/migrations/migrate.ts'
import { openPostgresStore } from '../../src/auth/store/postgres/open.ts'
import { systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import { assertChain } from '../contract/store-audit.ts'
import { event, role } from '../contract/store-samples.ts'
import { PostgresCluster } from './cluster.ts'
import { PostgresProxy } from './proxy.ts'
import { openAt, targetAt } from './store.ts'

const PASSWORD = 'hunter2 "quoted"'

let cluster: PostgresCluster
let database: string
const stores: Store[] = []
before(async () => {
  cluster = await PostgresCluster.start()
  cluster.sql(`ALTER ROLE mezite PASSWORD '${PASSWORD}'`)
  database = cluster.createDatabase()
  await (await openAt(cluster.uri(database))).close()
})
after(() => cluster.remove())
beforeEach(() => cluster.emptyStore(database))
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
})

async function open(
  uri = cluster.uri(database),
  onFailed?: (error: StoreError) => void,
): Promise<Store> {
  const store = await openAt(uri, onFailed)
  stores.push(store)
  return store
}

async function connect(uri: string, password?: string): Promise<void> {
  const clock = systemClock
  const target = targetAt(uri, password)
  const store = await openPostgresStore({ target, clock, random: systemRandom })
  await store.close()
}

/** Fails unless opening is refused with such words, none of which is a secret. */
async function refused(uri: string, words: RegExp, password?: string): Promise<void> {
  await assert.rejects(connect(uri, password), (error: StoreError) => {
    const shown = `${error.code}: ${error.message} (${error.hint})`
    assert.match(shown, words)
    assert.ok(!`${shown} ${error.stack}`.includes('hunter2'), shown)
    return true
  })
}

const insert = (name: string) => ({
  changes: [{ kind: 'insert-role', role: role({ name }) }] as const,
  events: [event({ fields: { name } })],
})

/** Kills the sessions of hubs, as an administrator or a failing network would. */
const endSessions = () =>
  cluster.sql(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mezhub'`,
  )

describe('opening a store in PostgreSQL', () => {
  const tcp = (parameters: string, host = 'localhost') =>
    `postgres://mezite@${host}:${cluster.port}/${database}?${parameters}`
  const trusted = () => `sslrootcert=${cluster.rootCertificate}`

  it('takes the password over verified TLS, from where it is given', async () => {
    await connect(tcp(trusted()), PASSWORD)
    const passfile = join(cluster.directory, 'passfile')
    writeFileSync(passfile, `localhost:*:*:mezite:${PASSWORD}\n`, { mode: 0o600 })
    await connect(tcp(`${trusted()}&passfile=${passfile}`))
    chmodSync(passfile, 0o640)
    await refused(tcp(`${trusted()}&passfile=${passfile}`), /can be read by others.*chmod 0600/)
  })

  it('sends nothing to a server that it can not verify, unless it is told to', async () => {
    await refused(tcp(''), /self-signed certificate.*sslrootcert/, PASSWORD)
    await refused(tcp(trusted(), '127.0.0.1'), /does not match.*certificate/, PASSWORD)
    await connect(tcp(`${trusted()}&sslmode=verify-ca`, '127.0.0.1'), PASSWORD)
    await connect(tcp('sslmode=require', '127.0.0.1'), PASSWORD)
    await refused(tcp('sslmode=disable'), /pg_hba/, PASSWORD)
  })

  it('says what is wrong with the server, the database and the role', async () => {
    await refused('postgres://mezite@127.0.0.1:1/db', /ECONNREFUSED.*start the server/)
    await refused('postgres://mezite@%2Fnonexistent/db', /ENOENT.*start the server/)
    await refused(cluster.uri('nowhere'), /"nowhere" does not exist.*createdb/)
    await refused(cluster.uri(database, 'nobody'), /role "nobody" does not exist/)
    await refused(tcp(trusted()), /asks for the password of mezite/)
    await refused(tcp(trusted()), /password authentication failed/, 'hunter2')
    const latin = `CREATE DATABASE latin OWNER mezite TEMPLATE template0 ENCODING 'LATIN1'`
    cluster.sql(latin)
    await refused(cluster.uri('latin'), /LATIN1.*createdb/)
    cluster.sql('CREATE ROLE guest LOGIN')
    cluster.sql('CREATE DATABASE theirs TEMPLATE template0')
    await refused(cluster.uri('theirs', 'guest'), /permission denied.*owner/)
  })

  it('goes on to the next of several servers', async () => {
    const socket = encodeURIComponent(cluster.directory)
    const hosts = `127.0.0.1:1,${socket}:${cluster.port}`
    await connect(`postgres://mezite@${hosts}/${database}`)
    await refused(`postgres://mezite@127.0.0.1:1,127.0.0.1:2/db`, /:1.*:2/)
  })

  it('makes the schema once, however many hubs start', async () => {
    const uri = cluster.uri(cluster.createDatabase())
    const opened = await Promise.all(Array.from({ length: 6 }, () => open(uri)))
    assert.equal(new Set(opened.map(({ clusterId }) => clusterId)).size, 1)
    await Promise.all(opened.map((store, index) => store.commit(insert(`role-${index}`))))
    assert.equal(await opened[0]?.roles.count(), 6)
  })

  it('works with a later schema that says so, and ends with one that does not', async () => {
    const failed = Promise.withResolvers<StoreError>()
    const store = await open(undefined, failed.resolve)
    cluster.sql('UPDATE mezite.hub SET schema_version = 99', database)
    await store.commit(insert('a'))
    await connect(cluster.uri(database))
    cluster.sql('UPDATE mezite.hub SET oldest_compatible = 99', database)
    await assert.rejects(store.commit(insert('b')), { code: 'too-new' })
    assert.equal((await failed.promise).code, 'too-new')
    await refused(cluster.uri(database), /too-new: .*version 99/)
    cluster.sql(
      `UPDATE mezite.hub SET schema_version = ${SCHEMA_VERSION}, oldest_compatible = 1`,
      database,
    )
  })
})

describe('a store in PostgreSQL', () => {
  for (const reaches of [true, false]) {
    const what = reaches ? 'the answer to COMMIT' : 'COMMIT itself'
    it(`does an act once and says so, where ${what} is lost`, async () => {
      const proxy = new PostgresProxy(cluster.port, cluster.directory)
      try {
        const socket = encodeURIComponent(proxy.directory)
        const store = await open(`postgres://mezite@${socket}:${cluster.port}/${database}`)
        proxy.cut = { text: 'COMMIT', reaches }
        await Promise.all(['a', 'b', 'c'].map((name) => store.commit(insert(name))))
        assert.equal(proxy.cuts, 1)
        assert.equal(await store.roles.count(), 3)
        assert.equal(await store.audit.count(), 3)
        await assertChain(store)
      } finally {
        await Promise.all(stores.splice(0).map((store) => store.close()))
        proxy.close()
      }
    })
  }

  it('acknowledges what is done, and that alone, while sessions are ended', async () => {
    const [one, other] = [await open(), await open()]
    const names = Array.from({ length: 400 }, (_, index) => `role-${index}`)
    const results = names.map(async (name, index) => {
      await new Promise<void>((resolve) => void setTimeout(resolve, index * 2))
      await (index % 2 === 0 ? one : other).commit(insert(name))
    })
    const settling = Promise.allSettled(results)
    for (let times = 0; times < 4; times++) {
      endSessions()
      await new Promise<void>((resolve) => void setTimeout(resolve, 150))
    }
    const settled = await settling
    // Each is asked for again by itself, so all are done.
    assert.deepEqual(
      settled.filter(({ status }) => status === 'rejected'),
      [],
    )
    assert.equal(await one.roles.count(), names.length)
    assert.equal(await one.audit.count(), names.length)
    await assertChain(other)
  })

  it('keeps what it acknowledged when the server dies, refuses meanwhile, and goes on', async () => {
    const store = await open()
    await Promise.all(['a', 'b'].map((name) => store.commit(insert(name))))
    cluster.stop('immediate')
    await assert.rejects(store.roles.count(), { code: 'unavailable' })
    const during = store.commit(insert('c'))
    cluster.start()
    await during
    assert.equal(await store.roles.count(), 3)
    await assertChain(store)
  })
})

describe('several stores on one database', () => {
  const told = (store: Store): string[] => {
    const names: string[] = []
    store.changes.subscribe((_, events) => {
      for (const { fields } of events) names.push(fields?.['name'] ?? '')
    })
    return names
  }
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise<void>((resolve) => void setTimeout(resolve, 5))
  }

  it('tell each other every act, in the one order of the audit log', async () => {
    const all = [await open(), await open(), await open()]
    const heard = all.map(told)
    const names = Array.from({ length: 300 }, (_, index) => `role-${index}`)
    await Promise.all(names.map((name, index) => all[index % 3]?.commit(insert(name))))
    await until(() => heard.every((it) => it.length >= names.length))
    const log = await all[0]?.audit.list({ limit: 1_000 })
    const order = (log ?? []).map(({ fields }) => fields?.['name'] ?? '').toReversed()
    assert.deepEqual(heard, [order, order, order])
    if (all[1]) await assertChain(all[1])
  })

  it('catch up with what was done while they were cut off', async () => {
    const [one, other] = [await open(), await open()]
    const heard = told(other)
    await one.commit(insert('a'))
    endSessions()
    for (const name of ['b', 'c', 'd']) await one.commit(insert(name))
    await until(() => heard.length >= 4)
    assert.deepEqual(heard, ['a', 'b', 'c', 'd'])
  })

  it('refuse alike, where a condition is met at another', async () => {
    const [one, other] = [await open(), await open()]
    const results = await Promise.allSettled(
      [one, other, one, other].map((store) => store.commit(insert('taken'))),
    )
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.equal(await one.audit.count(), 1)
  })

  it('end where changes were missed for good, so that they are read anew', async () => {
    const failed = Promise.withResolvers<StoreError>()
    const one = await open()
    const other = await open(undefined, failed.resolve)
    cluster.sql(`UPDATE mezite.hub SET change_sequence = change_sequence + 5`, database)
    await one.commit(insert('a')).catch(() => {})
    assert.match((await failed.promise).message, /were missed/)
    await assert.rejects(other.commit(insert('b')), { code: 'unavailable' })
  })
})

it('refuses a standby', async () => {
  writeFileSync(join(cluster.directory, 'data', 'standby.signal'), '')
  cluster.stop('fast')
  cluster.start()
  await refused(cluster.uri(database), /is a standby.*name the primary/)
})
