/** Decisions of the administrator on open nodes: they count at once, with the certificates that are out. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Account } from './harness/account.ts'
import { valueAt } from './harness/cluster.ts'
import { type Fleet, startFleet } from './harness/fleet.ts'
import type { ManagedBot } from './harness/managed-bot.ts'
import type { ManagedNode } from './harness/managed-node.ts'
import { requirePrograms, requireRoot } from './harness/requirements.ts'
import { waitFor } from './harness/wait.ts'

requirePrograms('sshd', 'ssh')
requireRoot()

describe('a change on open nodes', () => {
  let fleet: Fleet
  let deploy: Account
  let backup: Account
  let web: ManagedNode
  let database: ManagedNode
  let bot: ManagedBot
  let serial: bigint | undefined

  const staging = { env: 'staging' }

  before(async () => {
    fleet = await startFleet()
    deploy = fleet.account()
    backup = fleet.account()
    await fleet.roles('create', {
      deployer: { allow: { node_labels: staging, logins: [deploy.name] } },
      keeper: { allow: { node_labels: { tier: 'db' }, logins: [backup.name] } },
      spare: { allow: { node_labels: { '*': '*' }, logins: [backup.name] } },
    })
    web = await fleet.node({ name: 'web-1', labels: staging })
    database = await fleet.node({ name: 'db-1', labels: { tier: 'db' } })
    bot = await fleet.bot({
      name: 'ci',
      roles: ['deployer'],
      flags: ['--renewal-interval=20m', '--certificate-ttl=1h'],
    })
    serial = bot.daemon.certificate?.serial
    await becomes(deploy, 'web-1', true)
  })

  after(async () => {
    await fleet?.[Symbol.asyncDispose]()
  })

  /** By the node's own address: also where the bot's ssh_config has no such node. */
  async function enters(account: Account, name: 'web-1' | 'db-1'): Promise<boolean> {
    const { address, port } = name === 'web-1' ? web : database
    const { code } = await bot.run([
      ...['ssh', '-F', 'none', '-i', bot.file('ssh_key'), '-o', 'IdentitiesOnly=yes'],
      ...['-o', `CertificateFile=${bot.file('ssh_key-cert.pub')}`, '-o', 'BatchMode=yes'],
      ...['-o', `UserKnownHostsFile=${bot.file('known_hosts')}`, '-p', String(port)],
      ...[`${account.name}@${address}`, 'true'],
    ])
    return code === 0
  }

  async function becomes(account: Account, name: 'web-1' | 'db-1', allowed: boolean) {
    await waitFor(async () => (await enters(account, name)) === allowed, {
      what: `${account.name} to be ${allowed ? 'let in' : 'refused'} at ${name}`,
      context: () => web.log + database.log + fleet.hub.log,
    })
    // Everybody who is asked says the same.
    const flags = `--bot=ci --node=${name} --login=${account.name}`
    const { code } = await fleet.hub.run(`mezctl access check ${flags}`)
    assert.equal(code, allowed ? 0 : 3)
  }

  async function names(name: string, isThere: boolean): Promise<void> {
    const block = new RegExp(`^Host ${name}$`, 'm')
    await waitFor(() => block.test(bot.read('ssh_config')) === isThere, {
      what: `ssh_config to ${isThere ? 'name' : 'forget'} ${name}`,
      context: () => bot.daemon.log,
    })
  }

  it('a role that is edited: logins', async () => {
    await fleet.role('update', 'deployer', {
      allow: { node_labels: staging, logins: [deploy.name, backup.name] },
    })
    await becomes(backup, 'web-1', true)
    await fleet.role('update', 'deployer', {
      allow: { node_labels: staging, logins: [deploy.name, backup.name] },
      deny: { logins: [backup.name] },
    })
    await becomes(backup, 'web-1', false)
    assert.ok(await enters(deploy, 'web-1'))
  })

  it('a role that is edited: labels', async () => {
    await fleet.role('update', 'deployer', {
      allow: { node_labels: { tier: 'db' }, logins: [deploy.name] },
    })
    await becomes(deploy, 'db-1', true)
    await becomes(deploy, 'web-1', false)
    await names('db-1', true)
    await names('web-1', false)
    await fleet.role('update', 'deployer', {
      allow: { node_labels: staging, logins: [deploy.name] },
    })
    await becomes(deploy, 'web-1', true)
    await becomes(deploy, 'db-1', false)
    await names('web-1', true)
    await names('db-1', false)
  })

  it("a bot's roles", async () => {
    await fleet.hub.runOk('mezctl bots update ci --roles=deployer,keeper')
    await becomes(backup, 'db-1', true)
    await names('db-1', true)
    await fleet.hub.runOk('mezctl bots update ci --roles=keeper')
    await becomes(deploy, 'web-1', false)
    await names('web-1', false)
    await fleet.hub.runOk('mezctl bots update ci --roles=deployer')
    await becomes(backup, 'db-1', false)
    await becomes(deploy, 'web-1', true)
  })

  it("a node's labels, which then no longer are its agent's", async () => {
    await fleet.hub.runOk('mezctl nodes update web-1 --labels=env=production')
    await becomes(deploy, 'web-1', false)
    await fleet.hub.runOk('mezctl nodes update db-1 --labels=env=staging,tier=db')
    await becomes(deploy, 'db-1', true)
    await names('db-1', true)
    await names('web-1', false)
    const generation = async () =>
      Number(valueAt(await fleet.hub.json('mezctl nodes show web-1'), 'generation'))
    const before = await generation()
    web.signal('SIGHUP')
    await waitFor(async () => (await generation()) > before, { what: 'the renewal' })
    const shown = await fleet.hub.json('mezctl nodes show web-1')
    assert.deepEqual(valueAt(shown, 'labels'), { env: 'production' })
    await fleet.hub.runOk('mezctl nodes update db-1 --clear-labels')
    await becomes(deploy, 'db-1', false)
    await fleet.hub.runOk('mezctl nodes update web-1 --labels=env=staging')
    await becomes(deploy, 'web-1', true)
  })

  it('a role that is deleted, once no bot has it', async () => {
    await fleet.hub.runOk('mezctl bots update ci --roles=deployer,spare')
    await becomes(backup, 'db-1', true)
    const inUse = await fleet.hub.run('mezctl roles rm spare')
    assert.equal(inUse.code, 5, inUse.stderr)
    assert.ok(await enters(backup, 'db-1'))
    await fleet.hub.runOk('mezctl bots update ci --roles=deployer')
    await fleet.hub.runOk('mezctl roles rm spare')
    await becomes(backup, 'db-1', false)
  })

  it('a node that comes and goes', async () => {
    const late = await fleet.node({ name: 'late-1', labels: staging })
    await names('late-1', true)
    assert.equal((await bot.ssh(`${deploy.name}@late-1`, 'echo in')).stdout, 'in\n')
    await late.stop()
    assert.equal((await late.run('leave')).code, 0)
    await names('late-1', false)
  })

  it('needed no other certificate', () => {
    assert.equal(bot.daemon.certificate?.serial, serial)
    assert.equal(bot.daemon.exit, undefined)
  })

  it('a bot that is removed', async () => {
    await fleet.hub.runOk('mezctl bots rm ci')
    await waitFor(async () => !(await enters(deploy, 'web-1')), { what: 'the bot to be refused' })
    assert.deepEqual(web.principals(deploy.name), [])
  })
})
