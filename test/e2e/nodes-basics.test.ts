/** A machine becomes a managed node: joined, listed, entered in every way that OpenSSH has, and left. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import type { Account } from './harness/account.ts'
import { rows, textAt, valueAt } from './harness/cluster.ts'
import { column, type Fleet, startFleet } from './harness/fleet.ts'
import type { ManagedBot } from './harness/managed-bot.ts'
import { answers, type ManagedNode } from './harness/managed-node.ts'
import { requirePrograms, requireRoot } from './harness/requirements.ts'
import { run, runOk, testEnvironment } from './harness/run.ts'
import { startSshd } from './harness/sshd.ts'
import { waitFor } from './harness/wait.ts'

requirePrograms('sshd', 'ssh', 'scp', 'sftp', 'rsync', 'ssh-keygen')
requireRoot()

describe('a managed node', () => {
  let fleet: Fleet
  let deploy: Account
  let backup: Account
  let web: ManagedNode
  let database: ManagedNode
  let bot: ManagedBot

  before(async () => {
    fleet = await startFleet()
    deploy = fleet.account()
    backup = fleet.account()
    await fleet.role('create', 'deployer', {
      allow: { node_labels: { env: ['staging', 'production'] }, logins: [deploy.name, 'root'] },
      deny: { logins: ['root'] },
    })
    await fleet.role('create', 'keeper', {
      allow: { node_labels: { tier: 'db' }, logins: [backup.name] },
    })
    web = await fleet.node({ name: 'web-1', labels: { env: 'staging' } })
    database = await fleet.node({ name: 'db-1', labels: { env: 'production', tier: 'db' } })
    await fleet.node({ name: 'other-1' })
    bot = await fleet.bot({ name: 'ci', roles: ['deployer', 'keeper'] })
  })

  after(async () => {
    await fleet?.[Symbol.asyncDispose]()
  })

  const at = (account: Account, node = 'web-1') => `${account.name}@${node}`

  it('joins with the command that tokens create prints', async () => {
    const printed = await fleet.hub.runOk('mezctl tokens create --roles=node --ttl=1h')
    assert.match(printed, /^Join token: tok-node-[a-z2-7]+ \(expires: 20\S+Z\)\n/)
    const command = printed.split('\n').find((line) => line.startsWith('mezd node start '))
    const [, token = ''] = /--join-token=(\S+)/.exec(command ?? '') ?? []
    assert.match(command ?? '', / --auth-server=\S+ --join-token=\S+ --labels=KEY=VALUE$/)
    await using node = await fleet.startNode({ name: 'printed' }, token)
    await node.waitUntilReady()
  })

  it('is listed and shown with what it said of itself', async () => {
    const list = rows(await fleet.hub.json('mezctl nodes ls'))
    const row = list.find((it) => valueAt(it, 'name') === 'db-1')
    assert.deepEqual(valueAt(row, 'labels'), { env: 'production', tier: 'db' })
    assert.deepEqual(valueAt(row, 'hosts'), [database.address])
    assert.equal(valueAt(row, 'port'), database.port)
    assert.equal(textAt(row, 'state'), 'online')
    assert.match(textAt(row, 'sshd_version'), /\d+\.\d/)
    assert.match(textAt(row, 'last_seen'), /^20\S+Z$/)
    const shown = await fleet.hub.runOk('mezctl nodes show db-1')
    assert.match(shown, /^Node: +db-1\nState: +online\nLabels: +env=production,tier=db\n/)
    assert.match(shown, /^Host certificate: +until 20\S+Z$/m)
    assert.match(await fleet.hub.runOk('mezctl nodes ls'), /^web-1 +env=staging +online /m)
    assert.match(await fleet.hub.runOk('mezctl status'), /nodes/i)
  })

  it('says of itself that all is well', async () => {
    const { code, stdout } = await web.run('status')
    assert.equal(code, 0, stdout)
    assert.match(stdout, /^Node: +web-1$/m)
    assert.match(stdout, new RegExp(`^Logins: +${deploy.name}$`, 'm'))
    const status = await web.status()
    assert.equal(valueAt(status, 'healthy'), true)
    assert.deepEqual(valueAt(status, 'logins'), [deploy.name])
  })

  it('has a principals file per login, and none for a login that nobody has', () => {
    assert.deepEqual(web.logins, [deploy.name])
    assert.deepEqual(database.logins, [backup.name, deploy.name].sort())
    assert.deepEqual(web.principals(deploy.name), ['restrict,pty bot:ci'])
  })

  it('is in msh ls with the logins that the bot has there', async () => {
    const { stdout } = await bot.run(['msh', 'ls', `--identity=${bot.destination}`])
    assert.match(stdout, /^Bot: +ci$/m)
    assert.match(stdout, /^NODE +ADDRESS +LOGINS$/m)
    assert.match(stdout, new RegExp(`^web-1 +${web.address}:${web.port} +${deploy.name}$`, 'm'))
    const flags = [`--identity=${bot.destination}`, '--format=json']
    const listed = JSON.parse((await bot.run(['msh', 'ls', ...flags])).stdout)
    assert.deepEqual(column(rows(valueAt(listed, 'nodes')), 'name'), ['db-1', 'web-1'])
    const logins = column(rows(valueAt(listed, 'nodes')), 'logins')
    assert.deepEqual(logins, [[backup.name, deploy.name].sort(), [deploy.name]])
  })

  it('is entered with native ssh, only by the configuration that the daemon keeps', async () => {
    const entered = await bot.ssh(at(deploy), 'id -un')
    assert.equal(entered.stdout, `${deploy.name}\n`, entered.stderr)
    for (const [target, code] of [
      [at(backup, 'db-1'), 0],
      [at(backup, 'web-1'), 255],
      ['root@web-1', 255],
      ['nobody@web-1', 255],
    ] as const) {
      assert.equal((await bot.ssh(target, 'true')).code, code, target)
    }
    // The only login on the node needn't be said.
    const alone = await bot.ssh('web-1', 'id -un')
    assert.equal(alone.stdout, `${deploy.name}\n`, alone.stderr)
  })

  it('is known by its host certificate and nothing else', async () => {
    const { stderr } = await bot.ssh(at(deploy), 'true', '-v')
    assert.match(stderr, /is known and matches the ED25519-CERT host certificate/)
    const known = bot.read('known_hosts').trim().split('\n')
    assert.ok(known.length > 0 && known.every((line) => line.startsWith('@cert-authority ')))
    await using impostor = await startSshd({
      userCas: [await fleet.hub.runOk('mezctl ca export --type=user')],
    })
    const there = ['-o', `HostName=${impostor.address}`, '-o', `Port=${impostor.port}`]
    const misled = await bot.ssh(at(deploy), 'true', ...there)
    assert.equal(misled.code, 255)
    assert.match(misled.stderr, /no matching host key type|Host key verification failed/)
  })

  it('is entered with msh ssh', async () => {
    const flags = [`--identity=${bot.destination}`, `--login=${deploy.name}`]
    const result = await bot.run(['msh', 'ssh', ...flags, 'web-1', '--', 'id', '-un'])
    assert.equal(result.stdout, `${deploy.name}\n`, result.stderr)
    const alone = await bot.run([
      'msh',
      'ssh',
      `--identity=${bot.destination}`,
      'web-1',
      'id',
      '-un',
    ])
    assert.equal(alone.stdout, `${deploy.name}\n`, alone.stderr)
    const denied = await bot.run([
      ...['msh', 'ssh', `--identity=${bot.destination}`, '--login=root', 'web-1', 'true'],
    ])
    assert.equal(denied.code, 255)
  })

  it('takes and gives files with msh scp, scp, sftp and rsync', async () => {
    const source = fleet.directory.join('source')
    const bytes = randomBytes(200_000)
    writeFileSync(source, bytes)
    const configured = ['-F', bot.sshConfig, '-q', '-o', 'BatchMode=yes']
    const batch = fleet.directory.join('batch')
    const remote = (name: string) => `${at(deploy)}:${name}`
    const shell = `ssh -F ${bot.sshConfig} -o BatchMode=yes`
    const ways = {
      'msh scp': (from: string, to: string) =>
        bot.run(['msh', 'scp', `--identity=${bot.destination}`, '-q', from, to]),
      scp: (from: string, to: string) => bot.run(['scp', ...configured, from, to]),
      'scp -O': (from: string, to: string) => bot.run(['scp', '-O', ...configured, from, to]),
      sftp: (from: string, to: string) => {
        const up = to.startsWith(at(deploy))
        const [there = '', here = ''] = up ? [to, from] : [from, to]
        const name = there.slice(there.indexOf(':') + 1)
        writeFileSync(batch, up ? `put ${here} ${name}\n` : `get ${name} ${here}\n`)
        return bot.run(['sftp', ...configured, '-b', batch, at(deploy)])
      },
      rsync: (from: string, to: string) => bot.run(['rsync', '-e', shell, from, to]),
    }
    for (const [way, copy] of Object.entries(ways)) {
      const name = `by-${way.replace(' ', '-')}`
      const put = await copy(source, remote(name))
      assert.equal(put.code, 0, `${way}: ${put.stderr}`)
      assert.ok(readFileSync(`${deploy.home}/${name}`).equals(bytes), way)
      const back = fleet.directory.join(name)
      const got = await copy(remote(name), back)
      assert.equal(got.code, 0, `${way}: ${got.stderr}`)
      assert.ok(readFileSync(back).equals(bytes), way)
    }
  })

  it('renews, with a new generation and host certificate, while logins go on', async () => {
    const certificate = () => readFileSync(web.file('ssh_host_ed25519_key-cert.pub'), 'utf8')
    const first = certificate()
    const before = valueAt(await fleet.hub.json('mezctl nodes show web-1'), 'generation')
    assert.equal(before, 1)
    web.signal('SIGHUP')
    await waitFor(() => certificate() !== first, {
      what: 'the next host certificate',
      context: () => web.log,
    })
    assert.ok(await bot.enters(at(deploy)))
    const shown = await fleet.hub.json('mezctl nodes show web-1')
    assert.equal(valueAt(shown, 'generation'), 2)
    assert.equal(valueAt(await web.status(), 'generation'), '2')
    const [renewal] = await fleet.events('--type=node.renew')
    assert.deepEqual(
      [textAt(renewal, 'outcome'), textAt(renewal, 'actor')],
      ['success', 'node:web-1'],
    )
  })

  it('goes on after a restart of the agent, without a token', async () => {
    assert.equal((await web.stop()).code, 0, web.log)
    assert.equal(web.sshd, undefined)
    await web.start([`--auth-server=${fleet.hub.address}`, '--labels=env=staging'])
    assert.ok(await bot.enters(at(deploy)))
    const shown = await fleet.hub.json('mezctl nodes show web-1')
    assert.equal(textAt(shown, 'state'), 'online')
  })

  it('leaves by nodes rm: no identity names it, and its agent can not renew', async () => {
    const gone = await fleet.node({ name: 'gone-1', labels: { env: 'staging' } })
    const names = (pattern: RegExp) => pattern.test(bot.read('ssh_config'))
    await waitFor(() => names(/^Host gone-1$/m), { what: 'the node in ssh_config' })
    await fleet.hub.runOk('mezctl nodes rm gone-1')
    await waitFor(() => !names(/^Host gone-1$/m), { what: 'the node to go from ssh_config' })
    const offset = gone.log.length
    gone.signal('SIGHUP')
    await gone.waitForLog(/could not renew/, offset)
    // It asks again, and may have done so by now.
    const refusals = await fleet.events('--type=node.renew --outcome=refused')
    assert.deepEqual([...new Set(column(refusals, 'fields', 'reason'))], ['node-removed'])
    const missing = await fleet.hub.run('mezctl nodes show gone-1')
    assert.equal(missing.code, 4)
  })

  describe('with a token that is not good', () => {
    async function refused(token: string, pattern: RegExp, code = 3): Promise<void> {
      await using node = await fleet.startNode({ name: 'refused' }, token)
      const exit = await waitFor(() => node.exit, { what: 'the agent to end' })
      assert.equal(exit.code, code, node.log)
      assert.match(node.log, pattern)
      assert.match(node.log, /^hint: /m)
      assert.ok(!(await answers(node.address, node.port)))
      assert.equal((await fleet.hub.run('mezctl nodes show refused')).code, 4)
    }

    it('is refused: used', async () => {
      const token = await fleet.nodeToken()
      await using first = await fleet.startNode({ name: 'first' }, token)
      await first.waitUntilReady()
      await refused(token, /^error: .*used/m)
      const [event] = await fleet.events('--type=node.join --outcome=refused')
      assert.match(textAt(event, 'fields', 'reason'), /token/)
    })

    it('is refused: removed', async () => {
      const { token } = JSON.parse(
        await fleet.hub.runOk('mezctl tokens create --roles=node --format=json'),
      )
      const ids = async () => column(rows(await fleet.hub.json('mezctl tokens ls')), 'id')
      assert.ok((await ids()).includes(textAt(token, 'id')))
      await fleet.hub.runOk(`mezctl tokens rm ${textAt(token, 'id')}`)
      await refused(textAt(token, 'value'), /^error: /m)
    })

    it('is refused: expired', async () => {
      const token = await fleet.nodeToken('--ttl=1s')
      await waitFor(async () => /expired/.test(await fleet.hub.runOk('mezctl tokens ls')), {
        what: 'the token to expire',
      })
      await refused(token, /^error: .*expired/m)
    })

    it("is refused: a bot's", async () => {
      const answer = await fleet.hub.json('mezctl bots rotate-token ci')
      await refused(textAt(answer, 'token', 'value'), /^error: .*for a bot/m, 2)
    })

    it("is refused as a bot: a node's", async () => {
      const result = await run(
        [
          ...['mezd', 'identity', 'start', `--auth-server=${fleet.hub.address}`, '--one-shot'],
          ...[`--join-token=${await fleet.nodeToken()}`],
          `--destination=${fleet.directory.join('never')}`,
        ],
        { env: testEnvironment(fleet.directory.join('never-home')) },
      )
      assert.notEqual(result.code, 0)
      assert.match(result.stderr, /^error: .*node/m)
    })

    it('joins as many nodes as it has uses', async () => {
      const token = await fleet.nodeToken('--uses=2')
      await using one = await fleet.startNode({ name: 'one' }, token)
      await using two = await fleet.startNode({ name: 'two' }, token)
      await Promise.all([one.waitUntilReady(), two.waitUntilReady()])
      await refused(token, /^error: .*used/m)
    })
  })

  it('leaves, and nothing of it stays', async () => {
    const leaving = await fleet.node({ name: 'leaving-1', labels: { env: 'staging' } })
    const running = await leaving.run('leave')
    assert.equal(running.code, 7, running.stdout)
    assert.match(running.stderr, /^hint: /m)
    await leaving.stop()
    const left = await leaving.run('leave')
    assert.equal(left.code, 0, left.stderr)
    assert.match(left.stdout, /^Node left: leaving-1/)
    assert.deepEqual(filesBelow(leaving.stateDirectory), [])
    assert.ok(!existsSync(leaving.pamService))
    assert.ok(!(await answers(leaving.address, leaving.port)))
    assert.equal((await fleet.hub.run('mezctl nodes show leaving-1')).code, 4)
    assert.equal((await fleet.events('--type=node.leave')).length, 1)
  })
})

describe("a machine's own sshd as a managed node", () => {
  it('works beside the administrator, and is as before once the node has left', async () => {
    await using fleet = await startFleet()
    const deploy = fleet.account()
    await fleet.role('create', 'deployer', {
      allow: { node_labels: { env: 'staging' }, logins: [deploy.name] },
    })
    const machine = await fleet.machine()
    const before = machine.snapshot()
    const node = await fleet.node({ name: 'machine-1', labels: { env: 'staging' }, machine })
    const bot = await fleet.oneShotBot({ name: 'ci', roles: ['deployer'] })
    const target = `${deploy.name}@machine-1`
    await waitFor(() => bot.enters(target), { what: 'the first login', context: () => machine.log })
    assert.equal((await machine.administratorEnters()).stdout, 'administrator\n')
    const changed = Object.entries(machine.snapshot()).filter(([path, it]) => before[path] !== it)
    const names = changed.map(([path]) => path.slice(fleet.directory.join('machine').length))
    assert.deepEqual(
      names.filter((name) => !name.startsWith('/ssh/mezite')),
      ['/ssh/sshd_config.d/10-mezite.conf', '/pam.d/sshd'],
    )
    await node.stop()
    assert.ok(await bot.enters(target), 'sshd goes on as it is')
    const left = await node.run('leave')
    assert.equal(left.code, 0, left.stderr)
    assert.deepEqual(machine.snapshot(), before)
    assert.equal((await machine.administratorEnters()).stdout, 'administrator\n')
    assert.ok(!(await bot.enters(target)))
    await runOk([...machine.enter, '/usr/sbin/sshd', '-t'])
  })
})

/** Files of every kind but directories. */
function filesBelow(directory: string): readonly string[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map(({ name }) => name)
}
