import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { DEPLOYER } from '../../../../test/fakes/auth.ts'
import { startTestHub, type TestHub } from '../testing/test-hub.ts'

let hub: TestHub
before(async () => {
  hub = await startTestHub()
})
after(() => hub[Symbol.asyncDispose]())

const named = (name: string) => DEPLOYER.replace('ci-deployer', name)

describe('roles create and update', () => {
  it('take several documents from a file, or from standard input', async () => {
    const path = join(hub.directory, 'roles.yaml')
    await writeFile(path, `${named('one')}---\n${named('two')}`)
    const created = await hub.mezctl(['roles', 'create', '--from-file', path])
    assert.deepEqual(created, {
      code: 0,
      stdout: 'Role created: one\nRole created: two\n',
      stderr: '',
    })
    const updated = await hub.mezctl(['roles', 'update', '--from-file=-', '--format=json'], {
      input: named('one'),
    })
    const [role] = JSON.parse(updated.stdout)
    assert.deepEqual([role.name, role.revision], ['one', 2])
  })

  it('send nothing where one document is wrong', async () => {
    const input = `${named('fine')}---\n${named('wrong').replace('logins', 'logns')}`
    const { code, stdout, stderr } = await hub.mezctl(['roles', 'create', '-'], { input })
    assert.deepEqual([code, stdout], [2, ''])
    assert.match(stderr, /standard input:31:5: spec\.allow\.logns: unknown key/)
    assert.equal((await hub.mezctl(['roles', 'get', 'fine'])).code, 4)
  })

  it('are refused for a role that exists, or does not', async () => {
    await hub.mezctl(['roles', 'create', '-'], { input: named('there') })
    assert.equal((await hub.mezctl(['roles', 'create', '-'], { input: named('there') })).code, 5)
    assert.equal((await hub.mezctl(['roles', 'update', '-'], { input: named('new') })).code, 4)
    const gone = await hub.mezctl(['roles', 'create', '/nonexistent/role.yaml'])
    assert.equal(gone.code, 7)
    assert.match(gone.stderr, /^error: can't read \/nonexistent\/role\.yaml/)
  })
})

it('roles get prints what update takes', async () => {
  await hub.mezctl(['roles', 'create', '-'], { input: named('kept') })
  const { stdout: document } = await hub.mezctl(['roles', 'get', 'kept'])
  assert.match(document, /^kind: role\n/)
  assert.equal((await hub.mezctl(['roles', 'update', '-'], { input: document })).code, 0)
  const { stdout } = await hub.mezctl(['roles', 'get', 'kept', '--format=json'])
  assert.deepEqual([JSON.parse(stdout).document, JSON.parse(stdout).revision], [document, 2])
})

it('roles ls lists them', async () => {
  await hub.mezctl(['roles', 'create', '-'], { input: named('listed') })
  const { stdout } = await hub.mezctl(['roles', 'ls'])
  assert.match(stdout, /^listed +CI\/CD deploy pipeline SSH access +1 +2026-03-24T14:00:00Z$/m)
})

describe('roles validate', () => {
  it('needs no hub', async () => {
    const world = { input: DEPLOYER, env: { MEZITE_DATA_DIR: '/nonexistent' } }
    const { code, stdout } = await hub.mezctl(['roles', 'validate', '-'], world)
    assert.deepEqual([code, stdout], [0, 'standard input: 1 role, valid (ci-deployer)\n'])
  })

  it('names every problem', async () => {
    const input = 'kind: role\nmetadata: {name: x}\nspec: {alow: {}, deny: {logns: []}}\n'
    const { code, stderr } = await hub.mezctl(['roles', 'validate', '-'], { input })
    assert.equal(code, 2)
    assert.match(stderr, /spec\.alow: unknown key, did you mean "allow"/)
    assert.match(stderr, /spec\.deny\.logns: unknown key/)
  })
})

it('roles rm refuses a role that a bot has', async () => {
  await hub.mezctl(['roles', 'create', '-'], { input: named('used') })
  await hub.mezctl(['bots', 'add', 'user', '--roles=used'])
  assert.equal((await hub.mezctl(['roles', 'rm', 'used'])).code, 5)
  await hub.mezctl(['bots', 'rm', 'user'])
  const removed = await hub.mezctl(['roles', 'rm', 'used'])
  assert.deepEqual([removed.code, removed.stdout], [0, 'Role removed: used\n'])
  assert.equal((await hub.mezctl(['roles', 'rm', 'used'])).code, 4)
})
