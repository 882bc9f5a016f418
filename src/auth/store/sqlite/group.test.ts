import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { type Act, StoreError } from '../../storage.ts'
import { createAuditReader } from '../tables/audit.ts'
import { createRoleReader } from '../tables/roles.ts'
import { Connection } from './connection.ts'
import { GroupCommitter } from './group.ts'
import { migrate } from './migrations/migrate.ts'

function insertRole(name: string, document = ''): Act {
  const role = { name, description: '', document, revision: 1, createdAt: 1, updatedAt: 1 }
  return {
    changes: [{ kind: 'insert-role', role }],
    events: [{ time: 1, type: 'role.create', outcome: 'success', actor: 'local', address: '' }],
  }
}

describe('GroupCommitter', () => {
  let directory = ''
  let database: Connection
  let committer: GroupCommitter
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mezite-group-'))
    database = new Connection(join(directory, 'hub.db'), { busyTimeoutMs: 0 })
    migrate(database, 0)
    committer = new GroupCommitter(database)
  })
  afterEach(async () => {
    database.close()
    await rm(directory, { recursive: true })
  })

  const count = async () => ({
    roles: await createRoleReader(database).count(),
    events: await createAuditReader(database, () => assert.fail()).count(),
  })

  it('fails the whole group where the store fails, and works again after', async () => {
    const pages = Number(database.get('PRAGMA page_count')?.integer('page_count'))
    database.get(`PRAGMA max_page_count = ${pages}`)
    const group = [insertRole('a'), insertRole('big', 'x'.repeat(100_000)), insertRole('b')]
    for (const outcome of committer.commit(group)) {
      assert.equal(outcome?.code, 'unavailable')
      assert.equal(outcome?.hint, 'free space on its disk')
    }
    assert.deepEqual(await count(), { roles: 0, events: 0 })

    database.get('PRAGMA max_page_count = 100000')
    assert.deepEqual(committer.commit(group), [undefined, undefined, undefined])
    assert.deepEqual(await count(), { roles: 3, events: 3 })
  })

  it('takes back the acts before the one at which the store failed', async () => {
    const failing = {
      events: [],
      get changes(): never {
        throw new StoreError('unavailable', 'store', 'the disk is gone')
      },
    }
    const outcomes = committer.commit([insertRole('a'), failing, insertRole('b')])
    assert.ok(outcomes.every((outcome) => outcome?.message === 'the disk is gone'))
    assert.equal(database.inTransaction, false)
    assert.deepEqual(await count(), { roles: 0, events: 0 })
  })

  it('fails the whole group where another process has the database', async () => {
    const other = new Connection(join(directory, 'hub.db'), { busyTimeoutMs: 0 })
    other.run('BEGIN IMMEDIATE')
    const outcomes = committer.commit([insertRole('a'), insertRole('b')])
    assert.deepEqual(
      outcomes.map((outcome) => outcome?.code),
      ['unavailable', 'unavailable'],
    )
    other.close()
    assert.deepEqual(committer.commit([insertRole('a')]), [undefined])
  })

  it('fails alone an act whose values the schema refuses', async () => {
    const half: Act = {
      changes: [],
      events: insertRole('').events.map((e) => ({ ...e, time: 0.5 })),
    }
    const outcomes = committer.commit([insertRole('a'), half, insertRole('b')])
    assert.deepEqual(
      outcomes.map((outcome) => outcome?.code),
      [undefined, 'unavailable', undefined],
    )
    assert.deepEqual(await count(), { roles: 2, events: 2 })
  })
})
