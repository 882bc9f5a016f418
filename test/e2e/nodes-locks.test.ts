/** Locks on managed nodes: refused everywhere, sessions dead, told to the audit log, and undone again. */
import assert from 'node:assert/strict'
import { chmodSync, cpSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { SECOND, systemClock } from '../../src/base/clock.ts'
import { parseCertificateLine } from '../../src/ssh/certificate.ts'
import type { Account } from './harness/account.ts'
import type { Child } from './harness/child.ts'
import { rows, textAt, valueAt } from './harness/cluster.ts'
import { Daemon } from './harness/daemon.ts'
import { column, type Fleet, startFleet } from './harness/fleet.ts'
import type { ManagedBot } from './harness/managed-bot.ts'
import type { ManagedNode } from './harness/managed-node.ts'
import { processesOf } from './harness/processes.ts'
import { requirePrograms, requireRoot } from './harness/requirements.ts'
import { run, testEnvironment } from './harness/run.ts'
import { freePort } from './harness/sshd.ts'
import { waitFor } from './harness/wait.ts'

requirePrograms('sshd', 'ssh', 'ssh-keygen')
requireRoot()

const SELDOM = ['--renewal-interval=20m', '--certificate-ttl=1h']

describe('a lock', () => {
  let fleet: Fleet
  let nodes: readonly ManagedNode[]
  let count = 0

  before(async () => {
    fleet = await startFleet()
    nodes = [
      await fleet.node({ name: 'web-1', labels: { env: 'staging' } }),
      await fleet.node({ name: 'web-2', labels: { env: 'staging' } }),
    ]
  })

  after(async () => {
    await fleet?.[Symbol.asyncDispose]()
  })

  /** A bot with a role and a login of its own, which may enter both nodes. */
  async function newcomer() {
    const name = `bot-${++count}`
    const role = `role-${count}`
    const account = fleet.account()
    await fleet.role('create', role, {
      options: { port_forwarding: true },
      allow: { node_labels: { env: 'staging' }, logins: [account.name] },
    })
    const bot = await fleet.bot({ name, roles: [role], flags: SELDOM })
    await enterBoth(bot, account, true)
    return { name, role, account, bot }
  }

  async function enterBoth(bot: ManagedBot, account: Account, allowed: boolean): Promise<void> {
    for (const { name } of nodes) await becomes(bot, account, name, allowed)
  }

  /** By what was published before: a locked bot's files needn't name the node any more. */
  async function becomes(bot: ManagedBot, account: Account, name: string, allowed: boolean) {
    await waitFor(async () => (await login(bot, account, name)).code === (allowed ? 0 : 255), {
      what: `${account.name} to be ${allowed ? 'let in' : 'refused'} at ${name}`,
      context: () => nodes.map(({ log }) => log).join(''),
    })
  }

  function login(bot: ManagedBot, account: Account, name: string) {
    return run([
      'ssh',
      ...flagsFor(bot, name),
      `${account.name}@${nodeNamed(name).address}`,
      'true',
    ])
  }

  function flagsFor(bot: ManagedBot, name: string): readonly string[] {
    return [
      ...['-F', 'none', '-i', bot.file('ssh_key'), '-o', 'IdentitiesOnly=yes'],
      ...['-o', `CertificateFile=${bot.file('ssh_key-cert.pub')}`, '-o', 'BatchMode=yes'],
      ...['-o', `UserKnownHostsFile=${bot.file('known_hosts')}`],
      ...['-p', String(nodeNamed(name).port)],
    ]
  }

  function nodeNamed(name: string): ManagedNode {
    const node = nodes.find((it) => it.name === name)
    if (node === undefined) throw new Error(`no node ${name}`)
    return node
  }

  interface Open {
    readonly children: readonly Child[]
    readonly controlPath: string
  }

  /** Sessions of the kinds that outlive a plain disconnect, at one node. */
  async function open(bot: ManagedBot, account: Account, name: string): Promise<Open> {
    const target = `${account.name}@${name}`
    const controlPath = fleet.directory.join(`${bot.name}-${name}-${++count}`)
    const master = bot.start(target, '-M', '-S', controlPath, '-N')
    const forwarding = bot.start(
      target,
      ...['-N', '-L', `${await freePort('127.0.0.1')}:127.0.0.1:${nodeNamed(name).port}`],
    )
    const script = 'sleep 8611 & (sleep 8612 & setsid sleep 8613) & nohup sleep 8614 & wait'
    const command = bot.start(target, '-T', '--', script)
    const children = [master, forwarding, command]
    await fleet.waitForSessions(children.length, `--bot=${bot.name} --node=${name}`)
    await waitFor(() => sleeping(account).length >= 4, { what: 'the children of the command' })
    const multiplexed = await run(['ssh', '-F', 'none', '-S', controlPath, target, 'echo in'])
    assert.equal(multiplexed.stdout, 'in\n', multiplexed.stderr)
    return { children, controlPath }
  }

  const sleeping = (account: Account) => processesOf(account.uid)

  async function die({ children, controlPath }: Open, account: Account): Promise<void> {
    await waitFor(() => children.every(({ exit }) => exit !== undefined), {
      what: 'the clients to be disconnected',
      context: () => nodes.map(({ log }) => log).join(''),
    })
    await waitFor(() => sleeping(account).length === 0, {
      what: 'the processes of the sessions to end',
      context: () => nodes.map(({ log }) => log).join(''),
    })
    const words = ['ssh', '-F', 'none', '-o', 'BatchMode=yes', '-S', controlPath]
    const multiplexed = await run([...words, `${account.name}@127.0.0.99`, 'echo in'])
    assert.equal(multiplexed.stdout, '')
  }

  async function endReasons(bot: string): Promise<readonly unknown[]> {
    await fleet.waitForSessions(0, `--bot=${bot}`)
    const events = await fleet.events(`--type=session.end --bot=${bot}`)
    return column(events, 'fields', 'reason').filter((it) => it !== 'closed')
  }

  async function refusedRenewal(bot: ManagedBot, reason: string): Promise<void> {
    const offset = bot.daemon.log.length
    bot.daemon.signal('SIGHUP')
    await bot.daemon.waitForLog(/could not renew/, offset)
    const events = await fleet.events(`--type=bot.renew --outcome=refused --bot=${bot.name}`)
    assert.equal(textAt(events[0], 'fields', 'reason'), reason)
    assert.equal(bot.daemon.exit, undefined)
  }

  async function renewal(bot: ManagedBot): Promise<void> {
    const before = bot.daemon.certificate
    bot.daemon.signal('SIGHUP')
    await bot.daemon.waitForCertificate(before)
  }

  /** Whether the certificate is revoked at a node, by OpenSSH's own word. */
  async function isRevoked(bot: ManagedBot, node: ManagedNode): Promise<boolean> {
    const krl = ['ssh-keygen', '-Q', '-f', node.file('revoked.krl'), bot.file('ssh_key-cert.pub')]
    const { code, stdout } = await run(krl)
    assert.match(stdout, code === 0 ? /: ok$/m : /: REVOKED$/m)
    return code !== 0
  }

  it('on a bot', async () => {
    const { name, account, bot } = await newcomer()
    const other = await newcomer()
    const open1 = await open(bot, account, 'web-1')
    const id = await fleet.lock(`--bot=${name} --message="key seen in a log"`)
    await die(open1, account)
    await enterBoth(bot, account, false)
    for (const node of nodes) {
      assert.ok(await isRevoked(bot, node))
      assert.deepEqual(node.principals(account.name), [])
    }
    await refusedRenewal(bot, 'bot-locked')
    assert.deepEqual(await endReasons(name), ['locked', 'locked', 'locked'])
    const [created] = await fleet.events(`--type=lock.create --bot=${name}`)
    assert.equal(textAt(created, 'fields', 'message'), 'key seen in a log')
    await enterBoth(other.bot, other.account, true)
    const check = `mezctl access check --bot=${name} --node=web-1 --login=${account.name}`
    const said = await fleet.hub.run(`${check} --format=json`)
    assert.deepEqual([said.code, textAt(JSON.parse(said.stdout), 'effect')], [3, 'lock'])

    await fleet.unlock(id)
    await enterBoth(bot, account, true)
    for (const node of nodes) assert.ok(!(await isRevoked(bot, node)))
    await renewal(bot)
    assert.equal((await fleet.events(`--type=lock.remove --bot=${name}`)).length, 1)
  })

  it('on an instance: another instance of the bot goes on', async () => {
    const { account, bot } = await newcomer()
    const second = await fleet.secondInstance(bot, SELDOM)
    const instance = await bot.instance()
    const open1 = await open(second, account, 'web-2')
    const mine = bot.start(`${account.name}@web-1`, '-N')
    await fleet.waitForSessions(1, `--bot=${bot.name} --node=web-1`)
    const id = await fleet.lock(`--instance=${instance}`)
    await enterBoth(bot, account, false)
    await waitFor(() => mine.exit, { what: 'the session of the locked instance to end' })
    await refusedRenewal(bot, 'instance-locked')
    await enterBoth(second, account, true)
    assert.ok(open1.children.every(({ exit }) => exit === undefined))
    assert.ok(!(await isRevoked(second, nodeNamed('web-1'))))
    await renewal(second)
    await fleet.unlock(id)
    await enterBoth(bot, account, true)
    await renewal(bot)
    for (const child of open1.children) await child.stop()
    assert.deepEqual(await endReasons(bot.name), ['locked'])
  })

  it('on a node: it is closed, the other is not', async () => {
    const { name, account, bot } = await newcomer()
    const open1 = await open(bot, account, 'web-1')
    const elsewhere = bot.start(`${account.name}@web-2`, '-N')
    await fleet.waitForSessions(1, `--bot=${name} --node=web-2`)
    const id = await fleet.lock('--node=web-1 --message=maintenance')
    await waitFor(() => open1.children.every(({ exit }) => exit !== undefined), {
      what: 'the sessions at the node to end',
    })
    await becomes(bot, account, 'web-1', false)
    assert.deepEqual(nodeNamed('web-1').logins, [])
    await becomes(bot, account, 'web-2', true)
    assert.equal(elsewhere.exit, undefined)
    assert.match(await fleet.hub.runOk('mezctl nodes ls'), /^web-1 .*\(locked\)/m)
    const shown = await fleet.hub.json('mezctl nodes show web-1')
    assert.deepEqual(column(rows(valueAt(shown, 'locks')), 'message'), ['maintenance'])
    await renewal(bot)
    await fleet.unlock(id)
    await becomes(bot, account, 'web-1', true)
    await elsewhere.stop()
  })

  it('on a role: what it allows is void', async () => {
    const { name, role, account, bot } = await newcomer()
    const other = await newcomer()
    const open1 = await open(bot, account, 'web-2')
    const id = await fleet.lock(`--role=${role}`)
    await die(open1, account)
    await enterBoth(bot, account, false)
    await enterBoth(other.bot, other.account, true)
    assert.deepEqual(await endReasons(name), ['locked', 'locked', 'locked'])
    await fleet.unlock(id)
    await enterBoth(bot, account, true)
  })

  it('on a login: nobody has it anywhere', async () => {
    const { name, role, account, bot } = await newcomer()
    const spare = fleet.account()
    await fleet.role('update', role, {
      options: { port_forwarding: true },
      allow: { node_labels: { env: 'staging' }, logins: [account.name, spare.name] },
    })
    await enterBoth(bot, spare, true)
    const open1 = await open(bot, account, 'web-1')
    const id = await fleet.lock(`--login=${account.name}`)
    await die(open1, account)
    await enterBoth(bot, account, false)
    await enterBoth(bot, spare, true)
    assert.deepEqual(await endReasons(name), ['locked', 'locked', 'locked'])
    const [created] = await fleet.events('--type=lock.create')
    assert.equal(textAt(created, 'fields', 'login'), account.name)
    await fleet.unlock(id)
    await enterBoth(bot, account, true)
  })

  it('with a TTL ends by itself', async () => {
    const { name, account, bot } = await newcomer()
    const id = await fleet.lock(`--bot=${name} --ttl=4s`)
    assert.ok(column(rows(await fleet.hub.json('mezctl locks ls')), 'id').includes(id))
    await becomes(bot, account, 'web-1', false)
    await enterBoth(bot, account, true)
    assert.ok(!column(rows(await fleet.hub.json('mezctl locks ls')), 'id').includes(id))
  })

  it('of the hub, on an instance whose credential is used twice, is the same', async () => {
    const { name, account, bot } = await newcomer()
    const instance = await bot.instance()
    const state = fleet.directory.join('thief-state')
    cpSync(`${bot.destination}/.state`, state, { recursive: true })
    chmodSync(state, 0o700)
    await using thief = new Daemon({
      destination: fleet.directory.join('thief'),
      env: testEnvironment(fleet.directory.join('thief-home')),
      flags: [`--auth-server=${fleet.hub.address}`, `--state-dir=${state}`, ...SELDOM],
    })
    const stolen = await thief.waitForCertificate()
    const open1 = await open(bot, account, 'web-1')
    thief.signal('SIGHUP')
    await thief.waitForCertificate(stolen)
    bot.daemon.signal('SIGHUP')
    await die(open1, account)
    await enterBoth(bot, account, false)
    assert.deepEqual(await endReasons(name), ['locked', 'locked', 'locked'])
    const locks = rows(await fleet.hub.json('mezctl locks ls'))
    const lock = locks.find((it) => valueAt(it, 'instance_id') === instance)
    assert.equal(textAt(lock, 'created_by'), 'hub')
    // The thief's certificate is another one of the same instance.
    const asThief = flagsFor(bot, 'web-1').map((word) =>
      word.replace(bot.destination, thief.destination),
    )
    const target = `${account.name}@${nodeNamed('web-1').address}`
    assert.equal((await run(['ssh', ...asThief, target, 'true'])).code, 255)
  })

  it('keeps a serial in the KRL until the certificate has expired', async () => {
    const { name, account, bot } = await newcomer()
    const short = await fleet.oneShotBot({
      name: `${name}-short`,
      roles: [`role-${name.slice(4)}`],
      flags: ['--certificate-ttl=12s'],
    })
    await enterBoth(short, account, true)
    const long = bot.daemon.certificate?.serial
    await fleet.lock(`--bot=${short.name}`)
    await fleet.lock(`--bot=${name}`)
    await becomes(bot, account, 'web-1', false)
    await waitFor(() => isRevoked(short, nodeNamed('web-1')), { what: 'the serial in the KRL' })
    assert.match(await listed(), new RegExp(`serial: ${long}$`, 'm'))
    const { validBefore } = parseCertificateLine(short.read('ssh_key-cert.pub')).certificate
    await waitFor(() => systemClock.now() > Number(validBefore + 2n) * SECOND, {
      what: 'the certificate to expire',
    })
    // The hub looks for expired ones at its start, and from time to time.
    await fleet.hub.stop()
    await fleet.hub.start()
    await waitFor(async () => !(await isRevoked(short, nodeNamed('web-1'))), {
      what: 'the serial to be pruned',
    })
    assert.match(await listed(), new RegExp(`serial: ${long}$`, 'm'))
    assert.equal((await login(short, account, 'web-1')).code, 255)
  })

  async function listed(): Promise<string> {
    return (await run(['ssh-keygen', '-Q', '-l', '-f', nodeNamed('web-1').file('revoked.krl')]))
      .stdout
  }
})
