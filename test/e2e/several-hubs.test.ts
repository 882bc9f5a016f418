/** Two hubs on one PostgreSQL: one cluster for bots, nodes and administrators, also when one is gone. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { PostgresCluster } from '../postgres/cluster.ts'
import type { Account } from './harness/account.ts'
import { rows, textAt, valueAt } from './harness/cluster.ts'
import { TemporaryDirectory } from './harness/directory.ts'
import { type Fleet, startFleet } from './harness/fleet.ts'
import { type Hub, startHub } from './harness/hub.ts'
import type { ManagedNode } from './harness/managed-node.ts'
import { requirePrograms, requireRoot } from './harness/requirements.ts'
import { run } from './harness/run.ts'
import { waitFor } from './harness/wait.ts'

requirePrograms('sshd', 'ssh', 'ssh-keygen')
requireRoot()

describe('two hubs on one database', () => {
  let database: PostgresCluster
  let fleet: Fleet
  let directory: TemporaryDirectory
  let other: Hub
  let account: Account
  let node: ManagedNode

  before(async () => {
    database = await PostgresCluster.start()
    const flags = [`--store=${database.uri(database.createDatabase())}`]
    fleet = await startFleet({ flags })
    directory = new TemporaryDirectory()
    other = await startHub({ directory, flags })
    account = fleet.account()
    await role('create', ['env'])
    // Connected to the other hub, and knowing of this one.
    const name = 'web-1'
    node = await fleet.node({ name, labels: { env: 'env' }, hubs: [other, fleet.hub] })
  })
  after(async () => {
    await fleet?.[Symbol.asyncDispose]()
    await other?.[Symbol.asyncDispose]()
    directory?.[Symbol.dispose]()
    database?.remove()
  })

  const role = (verb: 'create' | 'update', env: readonly string[]) =>
    fleet.role(verb, 'deployer', {
      allow: { node_labels: { env: [...env] }, logins: [account.name] },
    })
  const entered = (hub: Hub, bot: string) =>
    waitFor(() => node.principals(account.name).some((line) => line.endsWith(`bot:${bot}`)), {
      what: `the node to let ${bot} in`,
      context: () => `${node.log}${hub.log}`,
    })
  const refused = (bot: string) =>
    waitFor(() => !node.principals(account.name).some((line) => line.endsWith(`bot:${bot}`)), {
      what: `the node to let ${bot} in no more`,
      context: () => node.log,
    })

  it('redeem a token once, whichever of them is asked', async () => {
    const answer = await fleet.hub.json('mezctl bots add --name=once --roles=deployer')
    const token = textAt(answer, 'token', 'value')
    const joins = await Promise.all(
      [fleet.hub, other, fleet.hub, other].map(({ address, env }, index) =>
        run(
          `mezd identity start --one-shot --auth-server=${address} --join-token=${token} --destination=${directory.join(`once-${index}`)}`,
          { env },
        ),
      ),
    )
    assert.equal(joins.filter(({ code }) => code === 0).length, 1)
    assert.equal(rows(await other.json('mezctl bots instances once')).length, 1)
  })

  it('tell the nodes of each other of bots, roles and locks', async () => {
    await fleet.hub.runOk('mezctl bots add --name=ci --roles=deployer')
    await entered(other, 'ci')
    await role('update', ['elsewhere'])
    await refused('ci')
    await role('update', ['env'])
    await entered(other, 'ci')
    const lock = await fleet.hub.json('mezctl locks add --bot=ci --message=test')
    await refused('ci')
    await other.runOk(`mezctl locks rm ${textAt(lock, 'lock', 'id')}`)
    await entered(other, 'ci')
  })

  it('are left by nodes and bots when they are gone, for the one that is there', async () => {
    const bot = await fleet.bot({
      name: 'moving',
      roles: ['deployer'],
      hubs: [other, fleet.hub],
      flags: ['--renewal-interval=5s', '--certificate-ttl=1m'],
    })
    const before = await bot.daemon.waitForCertificate()
    await other.stop('SIGKILL')
    await bot.daemon.waitForCertificate(before)
    await fleet.hub.runOk('mezctl bots add --name=late --roles=deployer')
    await entered(fleet.hub, 'late')
    const [instance] = rows(await fleet.hub.json('mezctl bots instances moving'))
    assert.notEqual(valueAt(instance, 'status'), 'locked')
  })
})
