/** A daemon over time: renewals, interruptions, locks, and copies of its credential. */
import assert from 'node:assert/strict'
import { chmodSync, cpSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { type Account, temporaryAccount } from './harness/account.ts'
import { type Cluster, rows, startCluster, textAt, valueAt } from './harness/cluster.ts'
import { Daemon } from './harness/daemon.ts'
import { requirePrograms, requireRoot } from './harness/requirements.ts'
import { type RunResult, run, testEnvironment } from './harness/run.ts'
import type { Sshd } from './harness/sshd.ts'
import { waitFor } from './harness/wait.ts'

requirePrograms('sshd', 'ssh')
requireRoot()

const OFTEN = ['--renewal-interval=1s', '--certificate-ttl=20s']
const SELDOM = ['--renewal-interval=20m', '--certificate-ttl=1h']

describe('a daemon', () => {
  let account: Account
  let cluster: Cluster
  let sshd: Sshd
  let count = 0

  before(async () => {
    account = temporaryAccount()
    cluster = await startCluster({ logins: [account.name] })
    sshd = await cluster.startSshd()
  })

  after(async () => {
    await sshd?.[Symbol.asyncDispose]()
    await cluster?.[Symbol.asyncDispose]()
    account?.[Symbol.dispose]()
  })

  /** A daemon of a new instance, with its first certificate published. */
  async function startDaemon(flags: readonly string[]): Promise<Daemon> {
    const name = `daemon-${++count}`
    const daemon = new Daemon({
      destination: cluster.directory.join(name),
      env: testEnvironment(cluster.directory.join(`${name}-home`)),
      flags: [
        `--auth-server=${cluster.hub.address}`,
        `--join-token=${await cluster.newToken()}`,
        ...flags,
      ],
    })
    await daemon.waitForCertificate()
    return daemon
  }

  /** The flags of a daemon that has joined already: no token. */
  const joined = (flags: readonly string[]) => [`--auth-server=${cluster.hub.address}`, ...flags]

  function target(): readonly string[] {
    return ['-o', 'HostName=127.0.0.1', '-p', String(sshd.port)]
  }

  async function nativeSsh(daemon: Daemon): Promise<RunResult> {
    return await run([
      ...['ssh', '-F', 'none', '-i', daemon.keyFile, '-o', 'IdentitiesOnly=yes'],
      ...['-o', `CertificateFile=${daemon.certificateFile}`, ...target()],
      ...['-o', `UserKnownHostsFile=${sshd.knownHostsFile}`],
      ...[`${account.name}@web-server-01`, 'echo in'],
    ])
  }

  async function msh(daemon: Daemon): Promise<RunResult> {
    return await run([
      ...['msh', 'ssh', `--cert=${daemon.certificateFile}`, ...target()],
      ...[`--known-hosts=${sshd.knownHostsFile}`, `--login=${account.name}`],
      ...['web-server-01', '--', 'echo in'],
    ])
  }

  /** The newest instance of the bot. */
  async function instances(): Promise<readonly unknown[]> {
    return rows(await cluster.hub.json(`mezctl bots instances ${cluster.bot}`))
  }

  async function newestInstance(): Promise<string> {
    const all = await instances()
    const newest = all.toSorted((a, b) =>
      textAt(a, 'joined_at').localeCompare(textAt(b, 'joined_at')),
    )
    return textAt(newest.at(-1), 'id')
  }

  async function refusals(): Promise<readonly unknown[]> {
    return rows(await cluster.hub.json('mezctl audit ls --type=bot.renew --outcome=refused'))
  }

  async function lockedInstances(): Promise<readonly unknown[]> {
    const locks = rows(await cluster.hub.json('mezctl locks ls'))
    return locks.map((lock) => valueAt(lock, 'instance_id'))
  }

  it('renews while logins go on, and none of them fails', async () => {
    await using daemon = await startDaemon(OFTEN)
    const serials = new Set<bigint>()
    while (serials.size < 4) {
      for (const result of await Promise.all([nativeSsh(daemon), msh(daemon)])) {
        assert.equal(result.stdout, 'in\n', `${result.stderr}\n${daemon.log}`)
      }
      const { certificate } = daemon
      if (certificate !== undefined) serials.add(certificate.serial)
      assert.equal(daemon.exit, undefined, daemon.log)
    }
  })

  it('lets msh in even when each renewal brings a new key', async () => {
    await using daemon = await startDaemon([...OFTEN, '--key-lifetime=0s'])
    const keys = new Set<string>()
    while (keys.size < 3) {
      const result = await msh(daemon)
      assert.equal(result.stdout, 'in\n', `${result.stderr}\n${daemon.log}`)
      const { certificate } = daemon
      if (certificate !== undefined) keys.add(certificate.publicKey.blob.toString('hex'))
    }
  })

  it('renews at once on SIGHUP', async () => {
    await using daemon = await startDaemon(SELDOM)
    const first = daemon.certificate
    daemon.signal('SIGHUP')
    await daemon.waitForCertificate(first)
    assert.equal(daemon.exit, undefined)
  })

  it('goes on after kill -9, without a token and as the same instance', async () => {
    await using daemon = await startDaemon(SELDOM)
    const id = await newestInstance()
    const before = daemon.certificate
    await daemon.stop('SIGKILL')
    assert.equal((await nativeSsh(daemon)).stdout, 'in\n', 'what was published stays')
    daemon.start(joined(SELDOM))
    await daemon.waitForLog(/going on|republished|renewed/)
    daemon.signal('SIGHUP')
    await daemon.waitForCertificate(before)
    assert.equal(await newestInstance(), id)
    assert.equal((await nativeSsh(daemon)).stdout, 'in\n')
  })

  it('lives through a restart of the hub', async () => {
    await using daemon = await startDaemon(OFTEN)
    await cluster.hub.stop()
    const offset = daemon.log.length
    await daemon.waitForLog(/could not renew/, offset)
    assert.equal((await nativeSsh(daemon)).stdout, 'in\n', 'the certificate is still good')
    await cluster.hub.start()
    await daemon.waitForCertificate(daemon.certificate)
    assert.equal(daemon.exit, undefined)
  })

  it('is not touched by a rotation of the join token', async () => {
    await using daemon = await startDaemon(SELDOM)
    await cluster.newToken()
    const before = daemon.certificate
    daemon.signal('SIGHUP')
    await daemon.waitForCertificate(before)
  })

  it('is refused while its bot is locked, keeps trying, and is let in again', async () => {
    await using daemon = await startDaemon(OFTEN)
    await cluster.hub.runOk(`mezctl bots lock ${cluster.bot} --message="key seen in a log"`)
    const offset = daemon.log.length
    await daemon.waitForLog(/could not renew/, offset)
    assert.equal(daemon.exit, undefined, daemon.log)
    const [refusal] = await refusals()
    assert.equal(textAt(refusal, 'bot'), cluster.bot)
    assert.equal(textAt(refusal, 'fields', 'reason'), 'bot-locked')
    const before = daemon.certificate
    await cluster.hub.runOk(`mezctl bots unlock ${cluster.bot}`)
    await daemon.waitForCertificate(before)
  })

  /** Starts a daemon on a copy of another one's state directory, as a thief would. */
  function steal(owner: Daemon): Daemon {
    const name = `thief-${++count}`
    const state = cluster.directory.join(`${name}-state`)
    cpSync(`${owner.destination}/.state`, state, { recursive: true })
    chmodSync(state, 0o700)
    return new Daemon({
      destination: cluster.directory.join(name),
      env: testEnvironment(cluster.directory.join(`${name}-home`)),
      flags: joined([`--state-dir=${state}`, ...SELDOM]),
    })
  }

  /** Asks a daemon to renew until the hub has locked the instance. */
  async function renewIntoLock(daemon: Daemon, instance: string): Promise<void> {
    daemon.signal('SIGHUP')
    await waitFor(async () => (await lockedInstances()).includes(instance), {
      what: 'the hub to lock the instance',
      context: () => daemon.log,
    })
  }

  async function assertDoubleUse(instance: string): Promise<void> {
    const events = rows(await cluster.hub.json(`mezctl audit ls --instance=${instance}`))
    const lock = events.find((event) => valueAt(event, 'type') === 'lock.create')
    assert.equal(valueAt(lock, 'bot'), cluster.bot)
    assert.equal(valueAt(lock, 'actor'), 'hub')
    const stored = Number(valueAt(lock, 'fields', 'stored_generation'))
    const presented = Number(valueAt(lock, 'fields', 'presented_generation'))
    assert.ok(stored > presented, JSON.stringify(lock))
    const refused = events.find((event) => valueAt(event, 'outcome') === 'refused')
    assert.equal(valueAt(refused, 'type'), 'bot.renew')
  }

  it('finds out when a thief was first to renew', async () => {
    await using owner = await startDaemon(SELDOM)
    const instance = await newestInstance()
    await using thief = steal(owner)
    const stolen = await thief.waitForCertificate()
    thief.signal('SIGHUP')
    await thief.waitForCertificate(stolen)
    assert.ok(!(await lockedInstances()).includes(instance), 'one copy at work looks honest')
    await renewIntoLock(owner, instance)
    await assertDoubleUse(instance)
    assert.equal(owner.exit, undefined, 'the owner keeps trying')
  })

  it('finds out a thief who comes after it', async () => {
    await using owner = await startDaemon(SELDOM)
    const instance = await newestInstance()
    await using thief = steal(owner)
    await thief.waitForCertificate()
    const before = owner.certificate
    owner.signal('SIGHUP')
    await owner.waitForCertificate(before)
    await renewIntoLock(thief, instance)
    await assertDoubleUse(instance)
  })
})
