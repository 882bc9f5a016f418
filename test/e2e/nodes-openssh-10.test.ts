/** A node with the sshd of Debian 13, OpenSSH 10: what it does otherwise than the one of this machine. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import type { OptionsSource } from '../../src/policy/testing/role-source.ts'
import { parseCertificateLine } from '../../src/ssh/certificate.ts'
import type { Account } from './harness/account.ts'
import type { Child } from './harness/child.ts'
import { textAt, valueAt } from './harness/cluster.ts'
import { column, type Fleet, startFleet } from './harness/fleet.ts'
import type { GuestMachine } from './harness/guest-machine.ts'
import type { ManagedBot } from './harness/managed-bot.ts'
import type { ManagedNode } from './harness/managed-node.ts'
import { processesOf } from './harness/processes.ts'
import { requirePrograms, requireRoot } from './harness/requirements.ts'
import { run, runOk } from './harness/run.ts'
import { freePort } from './harness/sshd.ts'
import { waitFor } from './harness/wait.ts'

requirePrograms('sshd', 'ssh', 'ssh-keygen', 'mmdebstrap', 'unshare', 'nsenter', 'mount')
requireRoot()

const STAGING = { env: 'staging' }
const SELDOM = ['--renewal-interval=20m', '--certificate-ttl=1h']

/** A login for each, since the options of one login count for all who enter as it. */
const OPTIONS: Readonly<Record<string, OptionsSource>> = {
  plain: {},
  forwarding: { port_forwarding: true },
  'no-pty': { pty: false },
  'no-copy': { file_copy: false },
  forced: { force_command: `printf '%s|' forced "$SSH_ORIGINAL_COMMAND"` },
  elsewhere: { source_cidrs: ['10.0.0.0/8'] },
}

describe('OpenSSH 10', () => {
  let fleet: Fleet
  let machine: GuestMachine
  let untouched: ReturnType<GuestMachine['snapshot']>
  let nodes: readonly ManagedNode[]
  let bot: ManagedBot
  let stranger: ManagedBot
  const logins: Record<string, Account> = {}

  before(async () => {
    fleet = await startFleet()
    for (const name of Object.keys(OPTIONS)) logins[name] = fleet.account()
    const roles = Object.entries(OPTIONS).map(([name, options]) => {
      return [name, { options, allow: { node_labels: STAGING, logins: [login(name).name] } }]
    })
    await fleet.roles('create', Object.fromEntries(roles))
    machine = await fleet.debian('trixie', Object.values(logins))
    untouched = machine.snapshot()
    nodes = [
      await fleet.node({ name: 'system-1', labels: STAGING, machine }),
      await fleet.node({ name: 'own-1', labels: STAGING, machine, hasOwnSshd: true }),
    ]
    bot = await fleet.bot({ name: 'ci', roles: Object.keys(OPTIONS), flags: SELDOM })
    stranger = await fleet.bot({ name: 'stranger', roles: ['forced'], flags: SELDOM })
    await publication()
  })

  after(async () => {
    await fleet?.[Symbol.asyncDispose]()
  })

  async function publication(): Promise<void> {
    await waitFor(() => bot.read('ssh_config').match(/^Host /gm)?.length === nodes.length, {
      what: 'both nodes in ssh_config',
    })
  }

  function login(name: string): Account {
    const account = logins[name]
    if (account === undefined) throw new Error(`no login for ${name}`)
    return account
  }

  const at = (node: ManagedNode, name = 'plain') => `${login(name).name}@${node.name}`
  const said = () => nodes.map(({ log }) => log).join('') + machine.log

  async function eachNode(act: (node: ManagedNode) => Promise<void>): Promise<void> {
    for (const node of nodes) await act(node)
  }

  it('is what the nodes have', async () => {
    for (const { name } of nodes) {
      assert.match(
        textAt(await fleet.hub.json(`mezctl nodes show ${name}`), 'sshd_version'),
        /^10\./,
      )
    }
    await runOk([...machine.enter, '/usr/sbin/sshd', '-t'])
    assert.match((await runOk([...machine.enter, 'ssh', '-V'])).stderr, /^OpenSSH_10\./)
  })

  it('lets in whom a role lets in, by this client and its own, and the administrator', () =>
    eachNode(async (node) => {
      const { stdout, stderr } = await bot.ssh(at(node), 'id -un')
      assert.equal(stdout, `${login('plain').name}\n`, stderr + said())
      const own = ['ssh', '-F', bot.sshConfig, '-o', 'BatchMode=yes', at(node), 'echo in']
      const byOwn = await bot.run([...machine.enter, ...own])
      assert.equal(byOwn.stdout, 'in\n', byOwn.stderr)
      assert.equal((await bot.ssh(`root@${node.name}`, 'true')).code, 255)
      assert.equal((await machine.administratorEnters()).stdout, 'administrator\n')
    }))

  it('holds every session to the options of its login', () =>
    eachNode(async (node) => {
      const { address, port } = node
      const forwarded = async (name: string) =>
        (await bot.run(['ssh', ...bot.sshFlags, '-W', `${address}:${port}`, at(node, name)])).stdout
      assert.match(await forwarded('forwarding'), /^SSH-2\.0/)
      assert.equal(await forwarded('plain'), '')
      assert.match((await bot.ssh(at(node), 'tty', '-tt')).stdout, /^\/dev\/pts\/\d+/)
      assert.doesNotMatch((await bot.ssh(at(node, 'no-pty'), 'tty', '-tt')).stdout, /\/dev\/pts/)
      assert.equal((await bot.ssh(at(node, 'forced'), 'id -un')).stdout, 'forced|id -un|')
      assert.equal((await bot.ssh(at(node, 'no-copy'), 'echo in')).stdout, 'in\n')
      const copy = (name: string) =>
        bot.run([
          'scp',
          '-F',
          bot.sshConfig,
          '/etc/hostname',
          `${at(node, name)}:copy-${node.name}`,
        ])
      assert.notEqual((await copy('no-copy')).code, 0)
      assert.equal((await copy('plain')).code, 0)
      assert.ok(existsSync(`${login('plain').home}/copy-${node.name}`))
      assert.equal((await bot.ssh(at(node, 'elsewhere'), 'true')).code, 255)
    }))

  it('serves the host certificate of a renewal', () =>
    eachNode(async (node) => {
      const served = async () => {
        const { stderr } = await bot.ssh(at(node), 'true', '-v')
        return /^debug1: Server host certificate: .* serial (\d+) /m.exec(stderr)?.[1]
      }
      const [name = ''] = ['ssh_host_ed25519_key-cert.pub']
      const written = () =>
        String(parseCertificateLine(readFileSync(node.file(name), 'utf8')).certificate.serial)
      const before = written()
      assert.equal(await served(), before)
      node.signal('SIGHUP')
      await waitFor(() => written() !== before, { what: 'the next certificate', context: said })
      await waitFor(async () => (await served()) === written(), {
        what: 'sshd to serve it',
        context: said,
      })
    }))

  it('tells of sessions, by the PAM service of each', async () => {
    const count = (await fleet.events('--type=session.end --bot=ci')).length
    await eachNode(async (node) => {
      assert.equal((await bot.ssh(at(node), 'echo told')).stdout, 'told\n')
    })
    const ends = await waitFor(
      async () => {
        const events = await fleet.events('--type=session.end --bot=ci')
        return events.length >= count + nodes.length && events.slice(0, events.length - count)
      },
      { what: 'the ends of both', context: said },
    )
    for (const { name } of nodes) assert.ok(column(ends, 'fields', 'node').includes(name))
    assert.ok(column(ends, 'fields', 'reason').every((reason) => reason === 'closed'))
    assert.ok(existsSync(nodes[1]?.pamService ?? ''))
  })

  it('refuses the locked at once, ends all of their sessions, and lets in again afterwards', async () => {
    const { uid } = login('forwarding')
    const children: Child[] = []
    for (const node of nodes) {
      const target = at(node, 'forwarding')
      const control = fleet.directory.join(`control-${node.name}`)
      const forwarding = `${await freePort('127.0.0.1')}:${node.address}:${node.port}`
      const script = `trap '' TERM HUP; setsid -f env -i sleep 8631 <&- >&- 2>&-; sleep 8632`
      children.push(bot.start(target, '-M', '-S', control, '-N'))
      children.push(bot.start(target, '-N', '-L', forwarding))
      children.push(bot.start(target, '-T', '--', script))
    }
    await fleet.waitForSessions(children.length, '--bot=ci')
    await waitFor(() => processesOf(uid).length >= 2 * nodes.length, { what: 'the commands' })
    const lock = await fleet.lock('--bot=ci')
    await waitFor(() => children.every(({ exit }) => exit !== undefined), {
      what: 'the clients to be disconnected',
      context: said,
    })
    await waitFor(() => processesOf(uid).length === 0, {
      what: 'the processes of the sessions to end',
      context: said,
    })
    await fleet.waitForSessions(0, '--bot=ci')
    await eachNode(async (node) => {
      const certificate = bot.file('ssh_key-cert.pub')
      const { stdout } = await run([
        'ssh-keygen',
        '-Q',
        '-f',
        node.file('revoked.krl'),
        certificate,
      ])
      assert.match(stdout, /: REVOKED$/m)
      // The files of before the lock: those of now needn't name the node.
      assert.notEqual((await loginByAddress(bot, node)).code, 0)
    })
    await fleet.unlock(lock)
    await eachNode(async (node) => {
      await waitFor(async () => (await loginByAddress(bot, node)).code === 0, {
        what: `the bot to be let in at ${node.name} again`,
        context: said,
      })
    })
    await publication()
  })

  function loginByAddress(who: ManagedBot, { address, port }: ManagedNode) {
    return run([
      ...['ssh', '-F', 'none', '-i', who.file('ssh_key'), '-o', 'IdentitiesOnly=yes'],
      ...['-o', `CertificateFile=${who.file('ssh_key-cert.pub')}`, '-o', 'BatchMode=yes'],
      ...['-o', `UserKnownHostsFile=${bot.file('known_hosts')}`, '-p', String(port)],
      ...[`${login('plain').name}@${address}`, 'true'],
    ])
  }

  it('lets honest bots in beside one that is refused again and again', () =>
    eachNode(async (node) => {
      for (let attempt = 0; attempt < 8; attempt++) {
        assert.notEqual((await loginByAddress(stranger, node)).code, 0)
      }
      const logins = Array.from({ length: 12 }, () => bot.ssh(at(node), 'echo in'))
      for (const { stdout, stderr } of await Promise.all(logins)) {
        assert.equal(stdout, 'in\n', stderr + said())
      }
    }))

  it('is as it was before when the nodes have left', async () => {
    for (const node of nodes) {
      await node.stop()
      const left = await node.run('leave')
      assert.equal(left.code, 0, left.stderr)
    }
    assert.deepEqual(machine.snapshot(), untouched)
    assert.equal((await machine.administratorEnters()).stdout, 'administrator\n')
    await runOk([...machine.enter, '/usr/sbin/sshd', '-t'])
    assert.equal(valueAt(await fleet.hub.json('mezctl nodes ls'), 'length'), 0)
  })
})
