/** Who is in, who was, and how it ended: from PAM on the node to the hub's audit log. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { parseCertificateLine } from '../../src/ssh/certificate.ts'
import type { Account } from './harness/account.ts'
import { textAt, valueAt } from './harness/cluster.ts'
import { column, type Fleet, startFleet } from './harness/fleet.ts'
import type { ManagedBot } from './harness/managed-bot.ts'
import type { ManagedNode } from './harness/managed-node.ts'
import { childrenOf, commandLine, killTree, processesOf } from './harness/processes.ts'
import { requirePrograms, requireRoot } from './harness/requirements.ts'
import { freePort } from './harness/sshd.ts'
import { waitFor } from './harness/wait.ts'

requirePrograms('sshd', 'ssh')
requireRoot()

describe('a session', () => {
  let fleet: Fleet
  let deploy: Account
  let web: ManagedNode
  let bot: ManagedBot

  before(async () => {
    fleet = await startFleet()
    deploy = fleet.account()
    await fleet.role('create', 'deployer', {
      options: { port_forwarding: true },
      allow: { node_labels: { env: 'staging' }, logins: [deploy.name] },
    })
    web = await fleet.node({ name: 'web-1', labels: { env: 'staging' } })
    bot = await fleet.bot({ name: 'ci', roles: ['deployer'] })
    await waitFor(() => bot.enters(target()), { what: 'the first login' })
    await fleet.waitForSessions(0)
  })

  after(async () => {
    await fleet?.[Symbol.asyncDispose]()
  })

  const target = () => `${deploy.name}@web-1`

  /** The only one that is in. */
  async function onlySession(): Promise<unknown> {
    const [session] = await fleet.waitForSessions(1)
    return session
  }

  async function endOf(id: string): Promise<unknown> {
    return await waitFor(
      async () =>
        (await fleet.events('--type=session.end')).find(
          (event) => valueAt(event, 'fields', 'session') === id,
        ),
      { what: `the end of ${id}`, context: () => web.log },
    )
  }

  async function assertOneStart(id: string): Promise<void> {
    const starts = await fleet.events('--type=session.start')
    assert.equal(column(starts, 'fields', 'session').filter((it) => it === id).length, 1)
  }

  it('is in sessions ls and in the audit log, with who, where, from where and by what', async () => {
    const child = bot.start(target(), '-T', '--', 'sleep 8711')
    const session = await onlySession()
    const { certificate } = parseCertificateLine(bot.read('ssh_key-cert.pub'))
    const instance = await bot.instance()
    const id = textAt(session, 'id')
    assert.match(id, /^web-1\/./)
    assert.match(textAt(session, 'started_at'), /^20\S+Z$/)
    assert.deepEqual(
      {
        node: valueAt(session, 'node'),
        login: valueAt(session, 'login'),
        bot: valueAt(session, 'bot'),
        instance: valueAt(session, 'instance_id'),
        serial: valueAt(session, 'certificate_serial'),
        // Linux speaks to a loopback address from 127.0.0.1.
        address: valueAt(session, 'address'),
      },
      {
        ...{ node: 'web-1', login: deploy.name, bot: 'ci', instance, address: '127.0.0.1' },
        serial: String(certificate.serial),
      },
    )
    const text = await fleet.hub.runOk('mezctl sessions ls --node=web-1')
    assert.match(text, new RegExp(`^${id} +web-1 +${deploy.name} +ci +127\\.0\\.0\\.1 `, 'm'))
    assert.deepEqual(await fleet.sessions('--bot=nobody'), [])
    assert.match(await fleet.hub.runOk('mezctl status --format=json'), /"sessions": ?1\b/)
    assert.equal(valueAt(await web.status(), 'sessions'), 1)

    await child.stop()
    const end = await endOf(id)
    await assertOneStart(id)
    assert.deepEqual(
      [textAt(end, 'actor'), textAt(end, 'bot'), textAt(end, 'instance_id')],
      ['node:web-1', 'ci', instance],
    )
    assert.equal(textAt(end, 'fields', 'serial'), String(certificate.serial))
    assert.equal(textAt(end, 'fields', 'login'), deploy.name)
    assert.equal(textAt(end, 'fields', 'client_address'), '127.0.0.1')
    assert.match(textAt(end, 'fields', 'duration'), /^\d+m?s/)
    assert.equal(textAt(end, 'fields', 'reason'), 'closed')
    assert.deepEqual(await fleet.waitForSessions(0), [])
  })

  it('that runs one command and ends is told, start and end', async () => {
    const count = (await fleet.events('--type=session.end')).length
    assert.equal((await bot.ssh(target(), 'echo quick')).stdout, 'quick\n')
    await waitFor(async () => (await fleet.events('--type=session.end')).length === count + 1, {
      what: 'the end to be told',
    })
    assert.equal((await fleet.events('--type=session.start')).length, count + 1)
  })

  it('that only forwards is told', async () => {
    const forwarding = `${await freePort('127.0.0.1')}:${web.address}:${web.port}`
    const child = bot.start(target(), '-N', '-L', forwarding)
    const id = textAt(await onlySession(), 'id')
    await child.stop()
    await endOf(id)
    await fleet.waitForSessions(0)
  })

  it('whose client is killed ends', async () => {
    const child = bot.start(target(), '-N')
    const id = textAt(await onlySession(), 'id')
    await child.stop('SIGKILL')
    assert.match(textAt(await endOf(id), 'fields', 'reason'), /^(closed|lost)$/)
    await fleet.waitForSessions(0)
  })

  it('whose processes at the node are killed is lost', async () => {
    const child = bot.start(target(), '-N')
    const id = textAt(await onlySession(), 'id')
    const { sshd } = web
    assert.ok(sshd)
    for (const monitor of childrenOf(sshd)) killTree(monitor)
    const end = await endOf(id)
    assert.equal(textAt(end, 'fields', 'reason'), 'lost')
    await waitFor(() => child.exit, { what: 'the client to be disconnected' })
  })

  it('is told also when it began and ended while the agent was dead', async () => {
    const count = (await fleet.events('--type=session.end')).length
    await web.stop('SIGKILL')
    assert.equal((await bot.ssh(target(), 'echo meanwhile')).stdout, 'meanwhile\n')
    const open = bot.start(target(), '-N')
    await waitFor(() => processesOf(deploy.uid).length > 0, { what: 'the session' })
    await web.start([`--auth-server=${fleet.hub.address}`, '--labels=env=staging'])
    const id = textAt(await onlySession(), 'id')
    await waitFor(async () => (await fleet.events('--type=session.end')).length === count + 1, {
      what: 'the end of the first',
    })
    await open.stop()
    await endOf(id)
    await assertOneStart(id)
  })

  it('is ended by sessions end, with all that runs in it', async () => {
    const sleeping = () =>
      processesOf(deploy.uid).filter((pid) => /^sleep 871[23] $/.test(commandLine(pid)))
    const keep = bot.start(target(), '-N')
    const kept = textAt(await onlySession(), 'id')
    const child = bot.start(target(), '-T', '--', 'nohup setsid sleep 8712 & sleep 8713; wait')
    const sessions = await fleet.waitForSessions(2)
    await waitFor(() => sleeping().length === 2, { what: 'its processes' })
    const id = column(sessions, 'id')
      .map(String)
      .find((it) => it !== kept)
    await fleet.hub.runOk(`mezctl sessions end ${id}`)
    await waitFor(() => child.exit, { what: 'the client to be disconnected' })
    const end = await endOf(String(id))
    assert.equal(textAt(end, 'fields', 'reason'), 'ended')
    const [asked] = await fleet.events('--type=session.terminate')
    assert.deepEqual(
      [textAt(asked, 'actor'), textAt(asked, 'fields', 'session')],
      ['local', String(id)],
    )
    await waitFor(() => sleeping().length === 0, { what: 'its processes to end' })
    assert.equal(keep.exit, undefined)
    assert.ok(await bot.enters(target()), 'it may come again')
    await keep.stop()
    await endOf(kept)
    const gone = await fleet.hub.run(`mezctl sessions end ${id}`)
    assert.equal(gone.code, 4, gone.stderr)
  })

  it('can not be ended at a node that is away', async () => {
    const child = bot.start(target(), '-N')
    const id = textAt(await onlySession(), 'id')
    await web.stop('SIGKILL')
    await waitFor(async () => (await fleet.nodeState('web-1')) === 'offline', { what: 'offline' })
    const refused = await fleet.hub.run(`mezctl sessions end ${id}`)
    assert.notEqual(refused.code, 0)
    assert.match(refused.stderr, /^error: .*not connected.*\nhint: /)
    assert.equal(child.exit, undefined)
    await web.start([`--auth-server=${fleet.hub.address}`, '--labels=env=staging'])
    await child.stop()
    await endOf(id)
  })
})
