/** A hub that is put back to an older backup, with bots and nodes that have gone on since. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import type { Account } from './harness/account.ts'
import { rows, textAt, valueAt } from './harness/cluster.ts'
import { type Fleet, startFleet } from './harness/fleet.ts'
import type { ManagedBot } from './harness/managed-bot.ts'
import type { ManagedNode } from './harness/managed-node.ts'
import { requirePrograms, requireRoot } from './harness/requirements.ts'
import { waitFor } from './harness/wait.ts'

requirePrograms('sshd', 'ssh')
requireRoot()

const OFTEN = ['--renewal-interval=2s', '--certificate-ttl=1m']

describe('a restored hub', () => {
  let fleet: Fleet
  let deploy: Account
  let early: ManagedBot
  let late: ManagedBot
  let web: ManagedNode
  let backup: string

  before(async () => {
    fleet = await startFleet()
    deploy = fleet.account()
    backup = fleet.directory.join('backup.db')
    await fleet.role('create', 'deployer', {
      allow: { node_labels: { env: 'staging' }, logins: [deploy.name] },
    })
    early = await fleet.bot({ name: 'early', roles: ['deployer'], flags: OFTEN })
  })

  after(async () => {
    await fleet?.[Symbol.asyncDispose]()
  })

  it('is backed up while it serves', async () => {
    const made = await fleet.hub.json(`mezhub backup ${backup}`)
    assert.equal(textAt(made, 'file'), backup)
    assert.equal(valueAt(made, 'bots'), 1)
    assert.equal(statSync(backup).mode & 0o777, 0o600)
    const again = await fleet.hub.run(`mezhub backup ${backup}`)
    assert.equal(again.code, 5)
    assert.match(again.stderr, /is there already\nhint: .*--replace/)
  })

  it('refuses to be restored while it runs, and what is no backup', async () => {
    const running = await fleet.hub.run(`mezhub restore --replace ${backup}`)
    assert.equal(running.code, 7)
    assert.match(running.stderr, /in use by pid \d+.*\nhint: stop the other mezhub/)
    const other = `--data-dir=${fleet.directory.join('other')}`
    for (const path of ['/etc/passwd', '/etc', fleet.directory.join('missing')]) {
      const refused = await fleet.hub.run(`mezhub restore ${other} ${path}`)
      assert.match(refused.stderr, /^error: .*\nhint: give the file that mezhub backup wrote/)
    }
    assert.deepEqual(readdirSync(fleet.directory.join('other')), ['hub.lock'])
  })

  it('goes on with the bots and nodes that joined or renewed since', async () => {
    // A node and an instance that the backup doesn't know.
    web = await fleet.node({ name: 'web-1', labels: { env: 'staging' } })
    late = await fleet.secondInstance(early, OFTEN)
    await waitFor(() => late.enters(`${deploy.name}@web-1`), { what: 'the first login' })

    await fleet.hub.stop()
    const database = fleet.directory.join('hub', 'hub.db')
    const occupied = await fleet.hub.run(`mezhub restore ${backup}`)
    assert.equal(occupied.code, 5)
    const restored = await fleet.hub.json(`mezhub restore --replace ${backup}`)
    assert.ok(existsSync(textAt(restored, 'replaced')))
    rmSync(textAt(restored, 'replaced'))
    assert.equal(statSync(database).mode & 0o777, 0o600)
    await fleet.hub.start()

    const instances = async () => rows(await fleet.hub.json('mezctl bots instances early')).length
    await waitFor(async () => (await instances()) === 2, { what: 'both instances' })
    const nodes = async () => rows(await fleet.hub.json('mezctl nodes ls'))
    await waitFor(async () => (await nodes()).some((node) => textAt(node, 'state') === 'online'), {
      what: 'the node',
      timeoutMs: 30_000,
      context: () => web.log,
    })
    for (const bot of [early, late]) {
      await waitFor(() => bot.enters(`${deploy.name}@web-1`), { what: 'a login' })
    }
    assert.deepEqual(await fleet.hub.json('mezctl locks ls'), [])
    assert.equal((await web.run('status')).code, 0)
  })

  it('says in its audit log that it was restored, and the log verifies', async () => {
    const [event] = rows(await fleet.hub.json('mezctl audit ls --type=hub.restore'))
    assert.equal(textAt(event, 'outcome'), 'success')
    assert.match(textAt(event, 'fields', 'taken_at'), /^20\S+Z$/)
  })
})
