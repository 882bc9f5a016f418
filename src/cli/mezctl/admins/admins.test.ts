import assert from 'node:assert/strict'
import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startNetworkTestHub, type TestHub } from '../testing/test-hub.ts'

let hub: TestHub
let identity: string
before(async () => {
  hub = await startNetworkTestHub()
  identity = join(hub.directory, 'alice.mezite')
  const added = await hub.mezctl(['admins', 'add', 'alice', '--out', identity, '--ttl=1h'])
  assert.equal(added.code, 0, added.stderr)
  assert.match(
    added.stdout,
    /^Admin added: alice \(expires: \S+Z\)\nIdentity file: .*alice\.mezite\n/,
  )
})
after(() => hub[Symbol.asyncDispose]())

/** Runs a verb from elsewhere: not through the socket. */
async function remotely(argv: readonly string[], file = identity, address = hub.address ?? '') {
  const env = {
    MEZITE_DATA_DIR: '/nonexistent',
    MEZITE_ADMIN_IDENTITY: file,
    MEZITE_AUTH_SERVER: address,
  }
  return await hub.mezctl(argv, { env })
}

describe('an admin identity', () => {
  it('administers the hub from elsewhere', async () => {
    const { code, stdout, stderr } = await remotely(['status', '--format=json'])
    assert.equal(code, 0, stderr)
    assert.equal(JSON.parse(stdout).caller, 'admin:alice')
  })

  it('is a file for its owner alone, with all that is needed', async () => {
    assert.equal((await stat(identity)).mode & 0o777, 0o600)
    const document = JSON.parse(await readFile(identity, 'utf8'))
    assert.deepEqual(Object.keys(document), [
      'version',
      'hub',
      'tls_cas',
      'certificate',
      'private_key',
    ])
    assert.equal(document.hub, 'mezite.example.com:3025')
  })

  it('never overwrites a file, and asks the hub for nothing then', async () => {
    const path = join(hub.directory, 'precious')
    await writeFile(path, 'precious')
    const { code, stderr } = await hub.mezctl(['admins', 'add', 'mallory', '--out', path])
    assert.equal(code, 7)
    assert.match(stderr, /^error: .*precious exists already\n/)
    assert.equal(await readFile(path, 'utf8'), 'precious')
    assert.ok(!(await hub.mezctl(['admins', 'ls'])).stdout.includes('mallory'))
  })

  it('leaves no file behind where the hub refuses', async () => {
    const path = join(hub.directory, 'second')
    const { code } = await hub.mezctl(['admins', 'add', 'alice', '--out', path])
    assert.equal(code, 5)
    await assert.rejects(stat(path), { code: 'ENOENT' })
  })

  it('is refused where others can read it', async () => {
    await chmod(identity, 0o644)
    const { code, stderr } = await remotely(['status'])
    await chmod(identity, 0o600)
    assert.equal(code, 7)
    assert.match(stderr, /^error: other users can read or replace .*\nhint: .*chmod 600/)
  })

  it('that is damaged is never quoted', async () => {
    const path = join(hub.directory, 'damaged')
    const { private_key: key, ...rest } = JSON.parse(await readFile(identity, 'utf8'))
    const damaged = [
      'not json hunter2',
      '{"version": 2}',
      JSON.stringify({ ...rest }),
      JSON.stringify({ ...rest, private_key: 'hunter2' }),
      JSON.stringify({ ...rest, private_key: key, tls_cas: [] }),
    ]
    for (const text of damaged) {
      await writeFile(path, text, { mode: 0o600 })
      const { code, stderr } = await remotely(['status'], path)
      assert.equal(code, 7, stderr)
      assert.match(stderr, /is not an admin identity/)
      assert.ok(!stderr.includes('hunter2'), stderr)
    }
  })

  it('says where nothing answers', async () => {
    const { code, stderr } = await remotely(['status'], identity, '127.0.0.1:1')
    assert.equal(code, 6)
    assert.match(stderr, /^error: .*127\.0\.0\.1:1/)
  })
})

it('admins ls and rm: a removed identity is worthless at once', async () => {
  const path = join(hub.directory, 'bob.mezite')
  const added = await hub.mezctl(['admins', 'add', 'bob', '--out', path, '--format=json'])
  assert.equal(JSON.parse(added.stdout).admin.name, 'bob')
  assert.match((await hub.mezctl(['admins', 'ls'])).stdout, /^bob +\S+Z +local +\S+Z$/m)
  assert.equal((await remotely(['bots', 'ls'], path)).code, 0)
  const removed = await hub.mezctl(['admins', 'rm', 'bob'])
  assert.deepEqual([removed.code, removed.stdout], [0, 'Admin removed: bob\n'])
  assert.equal((await remotely(['bots', 'ls'], path)).code, 3)
  assert.equal((await hub.mezctl(['admins', 'rm', 'bob'])).code, 4)
})
