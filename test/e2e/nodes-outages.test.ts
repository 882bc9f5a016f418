/** Parts that are away: what was granted goes on, strict nodes close by themselves, and all converges. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import type { Account } from './harness/account.ts'
import { valueAt } from './harness/cluster.ts'
import { column, type Fleet, startFleet } from './harness/fleet.ts'
import type { GuestMachine } from './harness/guest-machine.ts'
import type { ManagedBot } from './harness/managed-bot.ts'
import type { ManagedNode } from './harness/managed-node.ts'
import { requirePrograms, requireRoot } from './harness/requirements.ts'
import { waitFor } from './harness/wait.ts'

requirePrograms('sshd', 'ssh', 'unshare', 'nsenter', 'mount')
requireRoot()

const SELDOM = ['--renewal-interval=20m', '--certificate-ttl=1h']
const STAGING = { env: 'staging' }

describe('when a part is away', { concurrency: true }, () => {
  describe('the hub, or an agent', { concurrency: 1 }, () => {
    let fleet: Fleet
    let machine: GuestMachine
    let deploy: Account
    let backup: Account
    /** With the machine's own sshd, and with one of its own. */
    let system: ManagedNode
    let own: ManagedNode
    let bot: ManagedBot

    before(async () => {
      fleet = await startFleet()
      deploy = fleet.account()
      backup = fleet.account()
      await fleet.role('create', 'deployer', roleFor(deploy))
      machine = await fleet.machine()
      system = await fleet.node({ name: 'system-1', labels: STAGING, machine })
      own = await fleet.node({ name: 'own-1', labels: STAGING })
      bot = await fleet.bot({ name: 'ci', roles: ['deployer'], flags: SELDOM })
      await waitFor(() => bot.read('ssh_config').match(/^Host /gm)?.length === 2, {
        what: 'both nodes in ssh_config',
      })
      await becomes(deploy, true)
      await administratorEnters()
    })

    after(async () => {
      await fleet?.[Symbol.asyncDispose]()
    })

    const roleFor = (...accounts: readonly Account[]) => ({
      allow: { node_labels: STAGING, logins: accounts.map(({ name }) => name) },
    })

    async function becomes(account: Account, allowed: boolean, nodes = [system, own]) {
      for (const { name } of nodes) {
        await waitFor(async () => (await bot.enters(`${account.name}@${name}`)) === allowed, {
          what: `${account.name} to be ${allowed ? 'let in' : 'refused'} at ${name}`,
          context: () => nodes.map(({ log }) => log).join('') + machine.log,
        })
      }
    }

    /** In every case. */
    async function administratorEnters(): Promise<void> {
      const { stdout, stderr } = await machine.administratorEnters()
      assert.equal(stdout, 'administrator\n', stderr)
    }

    async function says(node: ManagedNode, problem: string, isSo: boolean): Promise<void> {
      await waitFor(async () => (await node.problems()).includes(problem) === isSo, {
        what: `${node.name} to ${isSo ? 'say' : 'withdraw'} ${problem}`,
        context: () => node.log,
      })
    }

    it('hub stopped: logins go on, the agent says so, and what was decided meanwhile arrives', async () => {
      for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
        await fleet.hub.stop(signal)
        for (const node of [system, own]) {
          await says(node, 'stale', true)
          const { code, stdout } = await node.run('status')
          assert.equal(code, 7)
          assert.match(stdout, /^In touch: +no, since 20/m)
          assert.equal(node.exit, undefined)
        }
        await becomes(deploy, true)
        await becomes(backup, false)
        await administratorEnters()
        await fleet.hub.start()
        await fleet.role('update', 'deployer', roleFor(deploy, backup))
        await becomes(backup, true)
        for (const node of [system, own]) await says(node, 'stale', false)
        await fleet.role('update', 'deployer', roleFor(deploy))
        await becomes(backup, false)
      }
      assert.equal(bot.daemon.exit, undefined)
    })

    it('agents killed: logins go on, the hub says so, and a change waits for them', async () => {
      for (const node of [system, own]) {
        await node.stop('SIGKILL')
        assert.ok((await node.problems()).includes('agent-stopped'))
        await waitFor(async () => (await fleet.nodeState(node.name)) === 'offline', {
          what: `${node.name} to be offline`,
        })
      }
      await becomes(deploy, true)
      await administratorEnters()
      await fleet.role('update', 'deployer', roleFor(backup))
      await becomes(deploy, true)
      await becomes(backup, false)
      for (const node of [system, own]) {
        await node.start([`--auth-server=${fleet.hub.address}`, '--labels=env=staging'])
        assert.equal(await fleet.nodeState(node.name), 'online')
      }
      await becomes(deploy, false)
      await becomes(backup, true)
      await administratorEnters()
      await fleet.role('update', 'deployer', roleFor(deploy))
      await becomes(deploy, true)
    })

    it('a node that was off while a bot was locked learns all of it in one message', async () => {
      await own.stop()
      const lock = await fleet.lock('--bot=ci')
      await becomes(deploy, false, [system])
      await own.start([
        `--auth-server=${fleet.hub.address}`,
        '--labels=env=staging',
        '--log-level=debug',
      ])
      await becomes(deploy, false, [own])
      assert.ok(readFileSync(own.file('revoked.krl')).length > 50)
      assert.equal(own.log.match(/full=true/g)?.length, 1)
      await fleet.unlock(lock)
      await becomes(deploy, true)
    })

    it('sessions that began and ended while the hub was away are told afterwards', async () => {
      const told = async (type: string) => {
        const events = await fleet.events(`--type=${type} --bot=ci`)
        return column(events, 'fields', 'node').filter((node) => node === 'system-1').length
      }
      const count = await told('session.start')
      await waitFor(async () => (await told('session.end')) === count, {
        what: 'the ends of those before',
      })
      await fleet.hub.stop('SIGKILL')
      await says(system, 'stale', true)
      assert.equal(
        (await bot.ssh(`${deploy.name}@system-1`, 'echo meanwhile')).stdout,
        'meanwhile\n',
      )
      await waitFor(async () => Number(valueAt(await system.status(), 'unreported_events')) >= 2, {
        what: 'the events in the queue',
      })
      await fleet.hub.start()
      await waitFor(async () => Number(valueAt(await system.status(), 'unreported_events')) === 0, {
        what: 'the events to be reported',
        context: () => system.log,
      })
      assert.deepEqual(
        [await told('session.start'), await told('session.end')],
        [count + 1, count + 1],
      )
      assert.equal((await fleet.sessions('--node=system-1')).length, 0)
    })

    it('an sshd of its own that dies is started again', async () => {
      const { sshd } = own
      assert.ok(sshd)
      process.kill(sshd, 'SIGKILL')
      await waitFor(() => own.sshd !== undefined && own.sshd !== sshd, { what: 'the next sshd' })
      await becomes(deploy, true, [own])
    })
  })

  describe('the hub, of a strict node', { concurrency: 1 }, () => {
    it('closes by itself, and opens again', async () => {
      await using fleet = await startFleet()
      const deploy = fleet.account()
      await fleet.role('create', 'deployer', {
        allow: { node_labels: STAGING, logins: [deploy.name] },
      })
      const machine = await fleet.machine()
      // The shortest there is.
      const flags = ['--strict=2m']
      const strict = await fleet.node({ name: 'strict-1', labels: STAGING, machine, flags })
      const open = await fleet.node({ name: 'open-1', labels: STAGING })
      const bot = await fleet.bot({ name: 'ci', roles: ['deployer'], flags: SELDOM })
      const at = (node: ManagedNode) => `${deploy.name}@${node.name}`
      await waitFor(() => bot.enters(at(strict)), { what: 'the first login' })
      await waitFor(() => bot.enters(at(open)), { what: 'the first login' })
      const [line = ''] = strict.principals(deploy.name)
      assert.match(line, /^restrict,pty,expiry-time="\d{12}Z" bot:ci$/)
      // While the hub is in touch the lines are prolonged.
      await waitFor(() => strict.principals(deploy.name)[0] !== line, {
        what: 'the lines to be prolonged',
        timeoutMs: 90_000,
      })
      assert.ok(await bot.enters(at(strict)))

      await fleet.hub.stop()
      assert.ok(await bot.enters(at(strict)), 'not at once')
      await waitFor(async () => !(await bot.enters(at(strict))), {
        what: 'the node to close',
        timeoutMs: 150_000,
        context: () => strict.log,
      })
      assert.ok(await bot.enters(at(open)), 'one that is not strict stays open')
      assert.equal((await machine.administratorEnters()).stdout, 'administrator\n')

      await fleet.hub.start()
      await waitFor(() => bot.enters(at(strict)), {
        what: 'the node to open again',
        timeoutMs: 60_000,
        context: () => strict.log,
      })
    })

    it('refuses a duration that sshd could not tell', async () => {
      await using fleet = await startFleet()
      const node = await fleet.startNode(
        { name: 'x', flags: ['--strict=30s'] },
        await fleet.nodeToken(),
      )
      const exit = await waitFor(() => node.exit, { what: 'the agent to end' })
      assert.equal(exit.code, 2, node.log)
      assert.match(node.log, /^hint: .*--strict=2m or more/m)
    })
  })
})
