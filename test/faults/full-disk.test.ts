/** Whole programs on a disk that is full for a while: what they say, and that nobody has to help them. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type AdminClient, openAdminClient } from '../../src/client/admin-client.ts'
import { HubError } from '../../src/client/identity-hub.ts'
import type { Account } from '../e2e/harness/account.ts'
import { rows, textAt, valueAt } from '../e2e/harness/cluster.ts'
import { Fleet } from '../e2e/harness/fleet.ts'
import { startHub } from '../e2e/harness/hub.ts'
import type { ManagedBot } from '../e2e/harness/managed-bot.ts'
import type { ManagedNode } from '../e2e/harness/managed-node.ts'
import { requirePrograms, requireRoot } from '../e2e/harness/requirements.ts'
import { freePort } from '../e2e/harness/sshd.ts'
import { waitFor } from '../e2e/harness/wait.ts'
import { roleDocument } from './kills/world.ts'
import { SmallDisk } from './small-disk.ts'

requirePrograms('sshd', 'ssh', 'mount')
requireRoot()

const SELDOM = ['--renewal-interval=20m', '--certificate-ttl=1h']
const NO_SPACE = /no space is left on the disk \(ENOSPC\)/

describe('on a full disk', { concurrency: 1 }, () => {
  /** The hub's, and that of a bot and a node. */
  let hubDisk: SmallDisk
  let disk: SmallDisk
  let fleet: Fleet
  let deploy: Account
  let bot: ManagedBot
  let node: ManagedNode
  let diagPort = 0
  let roles = 0

  before(async () => {
    hubDisk = new SmallDisk()
    disk = new SmallDisk()
    fleet = new Fleet(await startHub({ directory: hubDisk }), disk)
    deploy = fleet.account()
    const logins = [deploy.name]
    await fleet.role('create', 'deployer', { allow: { node_labels: { env: 'staging' }, logins } })
    diagPort = await freePort('127.0.0.1')
    const flags = [`--diag-addr=127.0.0.1:${diagPort}`]
    const options = { name: 'web-1', labels: { env: 'staging' }, flags }
    ;[bot, node] = await Promise.all([
      fleet.bot({ name: 'ci', roles: ['deployer'], flags: SELDOM }),
      fleet.node(options),
    ])
    await waitFor(() => bot.enters(`${deploy.name}@web-1`), { what: 'the bot to be let in' })
  })
  after(async () => {
    disk.free()
    hubDisk.free()
    await fleet[Symbol.asyncDispose]()
    hubDisk[Symbol.dispose]()
  })

  async function problems(): Promise<readonly string[]> {
    return rows(valueAt(await bot.status(), 'problems')).map((it) => textAt(it, 'message'))
  }

  async function assertNoLocks(): Promise<void> {
    assert.deepEqual(rows(await fleet.hub.json('mezctl locks ls')), [])
  }

  async function administer<Result>(act: (admin: AdminClient) => Promise<Result>): Promise<Result> {
    const path = `${hubDisk.join('hub')}/hub.sock`
    const admin = await openAdminClient({ kind: 'unix', path })
    try {
      return await act(admin)
    } finally {
      admin.close()
    }
  }

  /** As the agent's own diagnostics have it. */
  async function isReady(): Promise<boolean> {
    return (await fetch(`http://127.0.0.1:${diagPort}/readyz`)).ok
  }

  /** Adds roles until the hub refuses one: its log has some room of before. */
  async function addRoles(): Promise<unknown> {
    const add = async () => {
      for (;;) {
        // Large, so that its room is soon used up.
        const document = `${roleDocument(`role-${roles + 1}`)}# ${'x'.repeat(30_000)}\n`
        await administer((admin) => admin.roles.createRole({ document }))
        roles += 1
      }
    }
    return await add().catch((error: unknown) => error)
  }

  it('a daemon keeps what it has, says so, and renews by itself once there is space', async () => {
    const { daemon } = bot
    const before = daemon.certificate
    disk.fill()
    const start = daemon.log.length
    daemon.signal('SIGHUP')
    await daemon.waitForLog(/could not renew.*no space is left on the disk.*hint=/, start)
    await waitFor(async () => (await problems()).length > 0, { what: 'the status to tell of it' })
    const [told, ...others] = await problems()
    assert.match(told ?? '', NO_SPACE)
    assert.match(told ?? '', /\.state\/pending-renewal\.json/)
    assert.deepEqual(others, [])
    assert.equal(daemon.certificate?.serial, before?.serial)
    assert.ok(await bot.enters(`${deploy.name}@web-1`))

    const answer = await fleet.hub.json('mezctl bots rotate-token ci')
    const { code, stderr } = await bot.run([
      ...['mezd', 'identity', 'start', '--one-shot', `--destination=${disk.join('shot')}`],
      ...[`--auth-server=${fleet.hub.address}`, `--join-token=${textAt(answer, 'token', 'value')}`],
    ])
    assert.equal(code, 7)
    assert.match(stderr, /^error: .*\/shot.*no space is left on the disk .*\nhint: free some space/)

    disk.free()
    await daemon.waitForCertificate(before)
    await waitFor(async () => (await problems()).length === 0, { what: 'all to be well' })
    await assertNoLocks()
  })

  it("a node's agent leaves sshd's files whole, says so, and writes them once there is space", async () => {
    disk.fill()
    // For another login too.
    const document = roleDocument('deployer').replace('[deploy]', `[deploy, ${deploy.name}]`)
    await administer((admin) => admin.roles.updateRole({ document }))
    await node.waitForLog(/could not write sshd's files.*no space is left on the disk/)
    await waitFor(async () => (await node.problems()).includes('files-behind'), {
      what: "the node's status to tell of it",
      context: () => node.log,
    })
    assert.equal(await isReady(), false)
    assert.equal(node.principals(deploy.name).length, 1)
    assert.deepEqual(node.principals('deploy'), [])
    disk.free()
    await waitFor(() => node.principals('deploy').length === 1, { what: 'the file to come' })
    await waitFor(isReady, { what: 'the agent to be ready again' })
    await waitFor(async () => (await node.problems()).length === 0, { what: 'all to be well' })
    assert.equal(node.exit, undefined)
  })

  it('the hub refuses what it can not keep, answers what it knows, and goes on by itself', async () => {
    hubDisk.fill()
    const refused = await addRoles()
    assert.ok(refused instanceof HubError && refused.hubCode === 'unavailable', String(refused))
    assert.match(refused.message, /hub\.db/)
    assert.ok(refused.hint)
    const { daemon } = bot
    const before = daemon.certificate
    const start = daemon.log.length
    daemon.signal('SIGHUP')
    await daemon.waitForLog(/could not renew/, start)
    const known = rows(await fleet.hub.json('mezctl roles ls --limit=1000')).length
    assert.equal(known, roles + 1, 'the deployer, and each that was acknowledged')

    hubDisk.free()
    await daemon.waitForCertificate(before)
    assert.equal(node.exit, undefined)
    await fleet.hub.runOk('mezctl audit verify')
    await assertNoLocks()
    await fleet.hub.stop('SIGKILL')
    await fleet.hub.start()
    assert.equal(rows(await fleet.hub.json('mezctl roles ls --limit=1000')).length, known)
  })
})
