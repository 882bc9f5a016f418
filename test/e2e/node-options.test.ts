/** What a line of a principals file says, sshd does: each option at a real sshd. */
import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import type { LoginGrant } from '../../src/client/node-hub.ts'
import { plainGrant } from '../fakes/node-hub.ts'
import { NodeScene, type RunningAgent } from '../fakes/node-scene.ts'
import { type Account, temporaryAccount } from './harness/account.ts'
import { Client } from './harness/client.ts'
import { TemporaryDirectory } from './harness/directory.ts'
import { requirePrograms, requireRoot } from './harness/requirements.ts'
import { run } from './harness/run.ts'
import { freePort } from './harness/sshd.ts'
import { waitFor } from './harness/wait.ts'

requirePrograms('sshd', 'ssh', 'scp', 'script')
requireRoot()

describe('a login at a node', () => {
  let account: Account
  let directory: TemporaryDirectory
  let scene: NodeScene
  let agent: RunningAgent
  let client: Client

  before(async () => {
    account = temporaryAccount()
    directory = new TemporaryDirectory()
    const port = await freePort('127.0.0.1')
    scene = new NodeScene(directory.path, port)
    scene.hub.grants = [plainGrant(account.name)]
    agent = scene.start()
    agent.ended.catch((error: unknown) => agent.record.warnings.push(String(error)))
    client = new Client({
      ...{ directory, name: 'bot', port, hostCa: scene.hub.hostCa },
      certify: (key) => scene.hub.issueUser(key).line,
    })
    await waitFor(async () => agent.record.applied.length > 0 && (await enters('true')), {
      what: 'the first login',
      context: () =>
        JSON.stringify([
          agent.record.warnings,
          agent.record.failures.map(({ error }) => String(error)),
        ]),
    })
  })

  after(async () => {
    await agent?.stop()
    directory?.[Symbol.dispose]()
    account?.[Symbol.dispose]()
  })

  async function enters(command: string): Promise<boolean> {
    return (await client.ssh(account.name, command)).code === 0
  }

  /** Has the role edited, and waits until sshd's file says so. */
  async function grant(options: Partial<LoginGrant>): Promise<void> {
    const count = agent.record.applied.length
    const grants = [plainGrant(account.name, options)]
    scene.hub.send({ groups: [{ id: 'g1', grants, principals: [] }] })
    await waitFor(() => agent.record.applied.length > count, { what: 'the grant' })
  }

  async function copies(): Promise<readonly string[]> {
    const source = directory.join('source')
    writeFileSync(source, 'copied\n')
    const to = (name: string) => `${account.name}@127.0.0.1:${account.home}/${name}`
    await run(['scp', ...client.options, source, to('by-sftp')])
    await run(['scp', '-O', ...client.options, source, to('by-scp')])
    await run(['scp', '-O', ...client.options, to('.profile'), directory.join('fetched')])
    const found = ['by-sftp', 'by-scp'].filter((name) => existsSync(`${account.home}/${name}`))
    return existsSync(directory.join('fetched')) ? [...found, 'fetched'] : found
  }

  it('is refused a copy of files where file_copy is false, and nothing else', async () => {
    await grant({ fileCopy: false })
    assert.deepEqual(await copies(), [])
    const sftp = await run([
      'sftp',
      ...client.options,
      '-b',
      '/dev/null',
      `${account.name}@127.0.0.1`,
    ])
    assert.notEqual(sftp.code, 0)
    const script = `printf '%s|' "$0" 'a "b"' $((1+1)); exit 7`
    const executed = await client.ssh(account.name, script)
    assert.equal(executed.stdout, '/bin/sh|a "b"|2|')
    assert.equal(executed.code, 7)
    const rsync = await client.ssh(account.name, 'rsync --server -e.LsfxC . /tmp')
    assert.match(rsync.stderr, /file copy \(rsync\) is not granted/)
    const shell = await run(['ssh', ...client.options, '-T', `${account.name}@127.0.0.1`], {
      input: 'echo in a shell\n',
    })
    assert.match(shell.stdout, /in a shell/)
  })

  it('copies where it is true', async () => {
    await grant({ fileCopy: true })
    assert.deepEqual(await copies(), ['by-sftp', 'by-scp', 'fetched'])
  })

  it('has a terminal where pty is true, and none where it is false', async () => {
    const tty = () => client.ssh(account.name, 'tty', '-tt')
    await grant({ pty: true })
    assert.match((await tty()).stdout, /\/dev\/pts/)
    await grant({ pty: false })
    assert.doesNotMatch((await tty()).stdout, /\/dev\/pts/)
  })

  it('forwards ports where port_forwarding is true, and none where it is false', async () => {
    const through = () =>
      run([
        'ssh',
        ...client.options,
        '-W',
        `127.0.0.1:${scene.parameters.port}`,
        `${account.name}@127.0.0.1`,
      ])
    await grant({ portForwarding: true })
    assert.match((await through()).stdout, /^SSH-2\.0/)
    await grant({ portForwarding: false })
    assert.equal((await through()).stdout, '')
  })

  it('never forwards an agent', async () => {
    await grant({ portForwarding: true })
    const { stdout } = await client.ssh(account.name, 'echo "[$SSH_AUTH_SOCK]"', '-A')
    assert.equal(stdout, '[]\n')
  })

  it('runs the forced command, quotes and all', async () => {
    const forceCommand = `printf '%s,' "it's" 'a\\"b' c\\\\d "$SSH_ORIGINAL_COMMAND"`
    await grant({ forceCommand })
    const { stdout } = await client.ssh(account.name, 'asked for')
    assert.equal(stdout, `it's,a\\"b,c\\d,asked for,`)
  })

  it('comes from the networks that are granted only', async () => {
    await grant({ sourceCidrs: ['10.0.0.0/8', '127.0.0.0/8'] })
    assert.ok(await enters('true'))
    await grant({ sourceCidrs: ['10.0.0.0/8', '2001:db8::/32'] })
    assert.ok(!(await enters('true')))
  })

  it('is refused once its certificate is revoked, and not before', async () => {
    await grant({})
    const revoked = new Client({
      ...{ directory, name: 'other', port: scene.parameters.port, hostCa: scene.hub.hostCa },
      certify: (key) => {
        const { line, serial } = scene.hub.issueUser(key)
        serials.push(serial)
        return line
      },
    })
    const first = await revoked.ssh(account.name, 'true')
    assert.equal(first.code, 0)
    const count = agent.record.applied.length
    scene.hub.send({ revoked: serials })
    await waitFor(() => agent.record.applied.length > count, { what: 'the revocation' })
    assert.notEqual((await revoked.ssh(account.name, 'true')).code, 0)
    assert.ok(await enters('true'))
    scene.hub.send({ forgotten: serials })
    await waitFor(() => agent.record.applied.length > count + 1, { what: 'the pruning' })
    assert.equal((await revoked.ssh(account.name, 'true')).code, 0)
  })
  const serials: bigint[] = []

  it('is refused without a grant, and the file is gone', async () => {
    const count = agent.record.applied.length
    scene.hub.send({ memberships: [{ group: 'g1', added: [], removed: ['bot:ci'] }] })
    await waitFor(() => agent.record.applied.length > count, { what: 'the removal' })
    await assert.rejects(scene.file('principals', account.name), { code: 'ENOENT' })
    assert.ok(!(await enters('true')))
    scene.hub.send({ memberships: [{ group: 'g1', added: ['bot:ci'], removed: [] }] })
    await waitFor(() => agent.record.applied.length > count + 1, { what: 'the return' })
    assert.ok(await enters('true'))
  })
})
