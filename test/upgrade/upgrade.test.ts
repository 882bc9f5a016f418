/** This version on the disks of the versions before it: nobody joins again, and nothing is lost. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { HOUR } from '../../src/base/clock.ts'
import { rows, textAt, valueAt } from '../e2e/harness/cluster.ts'
import { Daemon } from '../e2e/harness/daemon.ts'
import { TemporaryDirectory } from '../e2e/harness/directory.ts'
import { column } from '../e2e/harness/fleet.ts'
import { type Hub, startHub } from '../e2e/harness/hub.ts'
import { ManagedNode } from '../e2e/harness/managed-node.ts'
import { requirePrograms, requireRoot } from '../e2e/harness/requirements.ts'
import { type RunResult, run, testEnvironment } from '../e2e/harness/run.ts'
import { freePort } from '../e2e/harness/sshd.ts'
import { waitFor } from '../e2e/harness/wait.ts'
import { FakeTime } from '../faults/fake-time.ts'
import { type Kept, keptArchives, LOGIN, PASSPHRASE } from './kept.ts'

requirePrograms('sshd', 'ssh-keygen', 'faketime')
requireRoot()

for (const archive of keptArchives()) {
  describe(`what a cluster of ${basename(archive, '.tar.gz')} has left`, () => {
    let cluster: KeptCluster
    before(async () => {
      cluster = await KeptCluster.open(archive)
    })
    after(() => cluster[Symbol.asyncDispose]())

    it('is what the hub has now', async () => {
      const { hub } = cluster
      const names = async (verb: string, key = 'name') =>
        column(rows(await hub.json(`mezctl ${verb}`)), key)
      assert.deepEqual(await names('bots ls'), ['ci', 'locked', 'waiting'])
      assert.deepEqual(await names('roles ls'), ['deployer', 'reader'])
      assert.deepEqual(await names('nodes ls'), ['web-1'])
      assert.deepEqual(await names('admins ls'), ['alice'])
      assert.deepEqual(await names('locks ls', 'message'), ['kept'])
      const trusted = cluster.directory.join(cluster.kept.node, 'sshd/mezite/user_ca.pub')
      assert.equal(
        keyOf(await hub.runOk('mezctl ca export --type=user')),
        keyOf(readFileSync(trusted, 'utf8')),
      )
      const role = await hub.runOk('mezctl roles get deployer')
      assert.match(role, /\^prod-/)
      const decision = await hub.json(`mezctl access check --bot=ci --node=web-1 --login=${LOGIN}`)
      assert.equal(valueAt(decision, 'allowed'), true)
    })

    it('has an audit log that goes on from there', async () => {
      const { hub, kept, directory } = cluster
      const verified = await hub.json(
        `mezctl audit verify --checkpoint=${directory.join('checkpoint')}`,
      )
      assert.ok(Number(valueAt(verified, 'last')) > kept.events, JSON.stringify(verified))
      const key = await hub.runOk('mezctl audit key')
      assert.equal(key, readFileSync(directory.join('audit.pub'), 'utf8'))
    })

    it('renews the bot, which joined long before', async () => {
      const { hub, kept, directory } = cluster
      await using daemon = cluster.daemon(directory.join(kept.destination))
      const before = daemon.certificate
      const certificate = await daemon.waitForCertificate(before)
      assert.ok(certificate.validPrincipals.includes('bot:ci'))
      const [instance, ...others] = rows(await hub.json('mezctl bots instances ci'))
      assert.deepEqual(others, [])
      assert.equal(textAt(instance, 'id'), kept.instance)
      assert.equal(valueAt(instance, 'generation'), kept.generation + 1)
      assert.equal(textAt(instance, 'state'), 'active')
    })

    it('keeps the node, with who may enter', async () => {
      const { hub, kept, directory } = cluster
      await using node = new ManagedNode({
        name: 'web-1',
        address: '127.0.0.1',
        port: await freePort('0.0.0.0'),
        stateDirectory: directory.join(kept.node),
        hasOwnSshd: true,
        flags: [`--auth-server=${hub.address}`],
        env: cluster.time.env,
      })
      await node.waitUntilReady()
      const online = async () => textAt(await hub.json('mezctl nodes show web-1'), 'state')
      await waitFor(async () => (await online()) === 'online', { what: 'the node' })
      assert.ok(node.principals(LOGIN).some((line) => line.includes('bot:ci')))
      assert.ok(node.principals(LOGIN).every((line) => !line.includes('bot:locked')))
    })

    it('redeems the tokens that were out, once each', async () => {
      const { directory } = cluster
      const join = (name: string) =>
        cluster.run([
          ...['mezd', 'identity', 'start', '--one-shot', `--auth-server=${cluster.hub.address}`],
          `--join-token-file=${directory.join('bot-token')}`,
          `--destination=${directory.join(name)}`,
        ])
      const first = await join('first')
      assert.equal(first.code, 0, first.stderr)
      const second = await join('second')
      assert.equal(second.code, 3)
      assert.match(second.stderr, /used/)
      assert.ok(!existsSync(directory.join('second', 'ssh_key')))
    })

    it('serves its administrator from elsewhere', async () => {
      const { hub, directory } = cluster
      const listed = await cluster.run([
        ...['mezctl', 'bots', 'ls', '--format=json', `--auth-server=${hub.address}`],
        `--identity-file=${directory.join('alice.mezite')}`,
      ])
      assert.equal(listed.code, 0, listed.stderr)
      assert.equal(rows(JSON.parse(listed.stdout)).length, 3)
    })

    it('can be restored from its backup', async () => {
      const { hub, directory } = cluster
      await hub.stop()
      await hub.runOk(`mezhub restore --replace ${directory.join('backup.db')}`)
      await hub.start()
      assert.equal(rows(await hub.json('mezctl bots ls')).length, 3)
      await hub.runOk('mezctl audit verify')
    })
  })
}

/** Of a line of authorized_keys, whatever is said about it. */
function keyOf(line: string): string {
  return /\bAAAA\S+/.exec(line)?.[0] ?? line
}

/** A cluster of an earlier version, an hour after it was kept. */
class KeptCluster implements AsyncDisposable {
  readonly directory: TemporaryDirectory
  readonly kept: Kept
  readonly time: FakeTime
  readonly hub: Hub

  private constructor(directory: TemporaryDirectory, kept: Kept, time: FakeTime, hub: Hub) {
    this.directory = directory
    this.kept = kept
    this.time = time
    this.hub = hub
  }

  static async open(archive: string): Promise<KeptCluster> {
    const directory = new TemporaryDirectory()
    execFileSync('tar', ['--same-permissions', '-xzf', archive, '-C', directory.path])
    const kept: Kept = JSON.parse(readFileSync(directory.join('kept.json'), 'utf8'))
    const time = new FakeTime()
    time.set(Date.parse(kept.keptAt) + HOUR - time.now())
    const env = { ...time.env, MEZITE_CA_KEY_PASSPHRASE: PASSPHRASE }
    return new KeptCluster(directory, kept, time, await startHub({ directory, env }))
  }

  daemon(destination: string): Daemon {
    const env = { ...testEnvironment(this.directory.path), ...this.time.env }
    return new Daemon({ destination, env, flags: [`--auth-server=${this.hub.address}`] })
  }

  /** A program on a machine whose date is that of the cluster. */
  async run(command: readonly string[]): Promise<RunResult> {
    return await run(command, {
      env: { ...testEnvironment(this.directory.path), ...this.time.env },
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hub[Symbol.asyncDispose]()
    this.time[Symbol.dispose]()
    this.directory[Symbol.dispose]()
  }
}
