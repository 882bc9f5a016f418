import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { createAuditReader } from '../../tables/audit.ts'
import { createBotReader } from '../../tables/bots.ts'
import { createCertificateReader } from '../../tables/certificates.ts'
import { createInstanceReader } from '../../tables/instances.ts'
import { createLockReader } from '../../tables/locks.ts'
import { createNodeReader } from '../../tables/nodes.ts'
import { createTokenReader } from '../../tables/tokens.ts'
import { Connection } from '../connection.ts'
import { initial } from './0001-initial.ts'
import { APPLICATION_ID, migrate, SCHEMA_VERSION, schemaVersion } from './migrate.ts'

/** A database as version 1 left it: a bot with two instances, locked both ways, and its tokens. */
const VERSION_1 = `
${initial}
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = 1;
INSERT INTO hub VALUES ('cluster');
INSERT INTO roles VALUES ('deployer', '', 'kind: role', 3, 1, 2);
INSERT INTO bots VALUES ('ci', 86400000, 7, 1, 'local');
INSERT INTO bot_roles VALUES ('ci', 0, 'deployer');
INSERT INTO tokens VALUES
  ('t1', x'01', 'bot', 'ci', 2, 1, NULL, 100, 1, 'local'),
  ('t2', x'02', 'bot', 'gone', 1, 1, 'bot-removed', 100, 2, 'admin:root');
INSERT INTO redemptions VALUES ('t1', x'aa', 'i1');
INSERT INTO instances VALUES
  ('i1', 'ci', -1, x'aa', x'ab', x'ac', 1, 2, -9223372036854775808, 50, 90, '0.1.0', 'h', '::1'),
  ('i2', 'ci', 1, x'ba', NULL, x'bc', 2, 2, 5, 60, 90, '0.1.0', 'h', '::1');
INSERT INTO locks VALUES
  ('l1', 'ci', NULL, 'all', 1, 'local', NULL),
  ('l2', 'ci', 'i2', 'one', 2, 'hub', 70);
INSERT INTO audit_events VALUES (1, 1, 'bot.create', 'success', 'local', '', 'ci', NULL, NULL, x'00');
`

describe('migrate', () => {
  let directory = ''
  let database: Connection
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mezite-migrate-'))
    database = new Connection(join(directory, 'hub.db'), { busyTimeoutMs: 0 })
    database.execute('PRAGMA foreign_keys = ON')
  })
  afterEach(async () => {
    database.close()
    await rm(directory, { recursive: true })
  })

  const assertSound = () => {
    assert.equal(schemaVersion(database), SCHEMA_VERSION)
    assert.deepEqual(database.all('PRAGMA foreign_key_check'), [])
    assert.equal(database.get('PRAGMA integrity_check')?.text('integrity_check'), 'ok')
  }

  it('keeps what version 1 held', async () => {
    database.execute(VERSION_1)
    const bots = createBotReader(database)
    const before = await bots.get('ci')
    migrate(database, 1)
    assertSound()

    assert.deepEqual(await bots.get('ci'), before)
    const instances = await createInstanceReader(database).listForBot('ci')
    assert.deepEqual(
      instances.map((it) => [it.id, it.generation, it.certificateSerial, it.keyFingerprint]),
      [
        ['i2', 1n, 5n, Buffer.from([0xba])],
        ['i1', 2n ** 64n - 1n, 2n ** 63n, Buffer.from([0xaa])],
      ],
    )
    // Of its certificates a third of the life has passed, or half of it.
    assert.deepEqual(
      instances.map((it) => [it.lastSeenAt, it.certificateExpiresAt, it.renewsAt, it.overdueAt]),
      [
        [2, 60, 21, 31],
        [2, 50, 18, 26],
      ],
    )
    assert.equal(await createInstanceReader(database).count(), 2)
    const tokens = createTokenReader(database)
    const redemption = {
      tokenId: 't1',
      keyFingerprint: Buffer.from([0xaa]),
      instanceId: 'i1',
    }
    assert.deepEqual(await tokens.listForBot('ci'), [
      {
        id: 't1',
        secretHash: Buffer.from([1]),
        kind: 'bot',
        bot: 'ci',
        uses: 2,
        usesLeft: 1,
        invalidated: undefined,
        expiresAt: 100,
        createdAt: 1,
        createdBy: 'local',
      },
    ])
    assert.equal((await tokens.find(Buffer.from([2])))?.invalidated, 'bot-removed')
    assert.deepEqual(await tokens.listForNodes(), [])
    assert.deepEqual(await tokens.redemption('t1', redemption.keyFingerprint), redemption)
    assert.deepEqual(await createLockReader(database).list(), [
      {
        id: 'l1',
        target: { kind: 'bot', bot: 'ci' },
        message: 'all',
        createdAt: 1,
        createdBy: 'local',
        expiresAt: undefined,
      },
      {
        id: 'l2',
        target: { kind: 'instance', bot: 'ci', instanceId: 'i2' },
        message: 'one',
        createdAt: 2,
        createdBy: 'hub',
        expiresAt: 70,
      },
    ])
    assert.equal(await createNodeReader(database).count(), 0)
    assert.equal(database.get('SELECT count(*) AS n FROM audit_events')?.integer('n'), 1)
  })

  it('finds what version 1 logged by node and session, and knows its codes', async () => {
    database.execute(VERSION_1)
    database.execute(`
      WITH RECURSIVE n(n) AS (VALUES (2) UNION ALL SELECT n + 1 FROM n WHERE n < 1030)
      INSERT INTO audit_events
      SELECT n, n, 'session.start', 'success', 'node:web', '', 'ci', 'i1',
             '{"node":"web","session":"web/' || n || '"}', x'00' FROM n`)
    migrate(database, 1)
    const audit = createAuditReader(database, () => assert.fail())
    const [found] = await audit.list({ node: 'web', session: 'web/7', limit: 10 })
    assert.deepEqual([found?.sequence, found?.code, found?.version], [7, 'MZ7001I', 1])
    assert.equal((await audit.list({ since: 1_020, until: 1_029, limit: 99 })).length, 9)
    assert.equal((await audit.list({ type: 'bot.create', limit: 9 }))[0]?.code, 'MZ3001I')
  })

  it('makes the newest certificate of each instance of version 1 revocable', async () => {
    database.execute(VERSION_1)
    migrate(database, 1)
    assert.deepEqual(await createCertificateReader(database).listForBot('ci', 0), [
      { serial: 5n, bot: 'ci', instanceId: 'i2', expiresAt: 60 },
      { serial: 2n ** 63n, bot: 'ci', instanceId: 'i1', expiresAt: 50 },
    ])
  })

  it('takes instances of version 1 with one serial', async () => {
    database.execute(VERSION_1)
    database.execute('UPDATE instances SET certificate_serial = 5')
    migrate(database, 1)
    assert.equal((await createCertificateReader(database).list(0)).length, 1)
  })

  it('leaves the references of version 1 in force', () => {
    database.execute(VERSION_1)
    migrate(database, 1)
    const rows = (table: string) => database.get(`SELECT count(*) AS n FROM ${table}`)?.integer('n')
    assert.throws(() => database.execute(`INSERT INTO redemptions VALUES ('no', x'00', 'i1')`))
    database.execute(`DELETE FROM tokens WHERE id = 't1'`)
    assert.equal(rows('redemptions'), 0)
    database.execute(`DELETE FROM instances WHERE id = 'i2'`)
    assert.equal(rows('locks'), 1)
    database.execute(`DELETE FROM bots`)
    assert.deepEqual([rows('locks'), rows('instances'), rows('tokens')], [0, 0, 1])
    assert.equal(rows('certificates'), 2)
  })

  it('gives an upgraded database the schema of a new one', async () => {
    const schema = (of: Connection) =>
      of
        .all('SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name')
        .map((row) => [row.text('type'), row.text('name'), row.text('sql')])
    database.execute(VERSION_1)
    migrate(database, 1)
    const fresh = new Connection(join(directory, 'new.db'), { busyTimeoutMs: 0 })
    migrate(fresh, 0)
    assert.deepEqual(schema(fresh), schema(database))
    fresh.close()
  })

  it('leaves version 1 whole where it fails', () => {
    database.execute(VERSION_1)
    const pages = Number(database.get('PRAGMA page_count')?.integer('page_count'))
    database.get(`PRAGMA max_page_count = ${pages + 4}`)
    assert.throws(() => migrate(database, 1), { code: 'unavailable' })
    assert.equal(schemaVersion(database), 1)
    assert.equal(database.inTransaction, false)
    assert.equal(database.get('SELECT count(*) AS n FROM locks')?.integer('n'), 2)
    assert.equal(
      database.get(`SELECT count(*) AS n FROM sqlite_schema WHERE name = 'nodes'`)?.integer('n'),
      0,
    )
    database.get('PRAGMA max_page_count = 100000')
    migrate(database, 1)
    assertSound()
  })

  it('finds by an index what the readers ask for', () => {
    migrate(database, 0)
    const plan = (sql: string) =>
      database
        .all(`EXPLAIN QUERY PLAN ${sql}`)
        .map((row) => row.text('detail'))
        .join('; ')
    const queries: readonly (readonly [sql: string, index: string])[] = [
      ['SELECT * FROM certificates WHERE bot = :b AND expires_at > :n', 'certificates_by_bot'],
      ['SELECT * FROM certificates WHERE expires_at > :n', 'certificates_by_expiry'],
      ['DELETE FROM certificates WHERE expires_at <= :n', 'certificates_by_expiry'],
      ['SELECT * FROM sessions WHERE bot = :b', 'sessions_by_bot'],
      ['SELECT * FROM sessions WHERE node = :n', 'PRIMARY KEY (node=?)'],
      ['SELECT * FROM tokens WHERE bot = :b ORDER BY created_at DESC', 'tokens_by_bot'],
      ['SELECT * FROM tokens WHERE bot IS NULL ORDER BY created_at DESC', 'tokens_of_nodes'],
      ['SELECT * FROM locks WHERE bot = :b', 'locks_by_bot'],
      ['SELECT * FROM nodes WHERE name > :a ORDER BY name LIMIT 9', 'sqlite_autoindex_nodes'],
    ]
    for (const [sql, index] of queries) assert.ok(plan(sql).includes(index), `${sql}: ${plan(sql)}`)
  })
})
