/** What people get wrong: each mistake is named, with what to do, and nothing is half done. */
import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { type Account, temporaryAccount } from './harness/account.ts'
import { type Cluster, roleDocument, rows, startCluster } from './harness/cluster.ts'
import { requirePrograms, requireRoot } from './harness/requirements.ts'
import { type RunResult, run, testEnvironment } from './harness/run.ts'

requirePrograms('faketime')
requireRoot()

describe('a mistake', () => {
  let cluster: Cluster
  let account: Account
  let env: Record<string, string>

  before(async () => {
    account = await temporaryAccount()
    cluster = await startCluster({ logins: [account.name] })
    env = testEnvironment(cluster.directory.join('runner'))
  })

  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
    account?.[Symbol.dispose]()
  })

  /** The exit code, and every text, in the standard error; a hint unless there is nothing to do. */
  function assertRefused(result: RunResult, code: number, ...texts: readonly (string | RegExp)[]) {
    assert.equal(result.code, code, result.stderr)
    assert.match(result.stderr, /^error: /m)
    for (const text of texts) {
      const matches =
        typeof text === 'string' ? result.stderr.includes(text) : text.test(result.stderr)
      assert.ok(matches, `${text} is not in: ${result.stderr}`)
    }
    assert.doesNotMatch(result.stderr, /\n\s+at |tok-bot-/, 'no stack and no token')
  }

  async function join(destination: string, flags = '', wrapper = ''): Promise<RunResult> {
    const token = await cluster.newToken()
    const start = `mezd identity start --auth-server=${cluster.hub.address} --destination=${destination}`
    return run(`${wrapper} ${start} --join-token-file=- --one-shot ${flags}`, { env, input: token })
  }

  async function instances(): Promise<number> {
    return rows(await cluster.hub.json(`mezctl bots instances ${cluster.bot}`)).length
  }

  it('in a flag, a verb or a configuration key is met with the nearest one', async () => {
    assertRefused(await run('mezd identity start --auth-sever=x', { env }), 2, '--auth-server')
    assertRefused(await cluster.hub.run('mezctl bots lst'), 2, "unknown verb 'lst'", 'ls')
    const config = cluster.directory.join('mezd.yaml')
    writeFileSync(config, 'auth-server: hub:3025\ndestinaton: /tmp/x\n')
    const checked = await run(`mezd identity config check --config=${config}`, { env })
    assertRefused(checked, 2, 'mezd.yaml:2: destinaton', 'did you mean destination?')
  })

  it('in a role names file, line and key', async () => {
    const file = cluster.directory.join('bad.yaml')
    const good = roleDocument({ name: 'other', logins: ['deploy'] })
    writeFileSync(file, good.replace('- deploy', '- 7'))
    assertRefused(
      await cluster.hub.run(`mezctl roles create --from-file=${file}`),
      2,
      'bad.yaml:14:9: spec.allow.logins[0]',
    )
    writeFileSync(file, good.replace('node_labels', 'labels'))
    assertRefused(
      await cluster.hub.run(`mezctl roles create --from-file=${file}`),
      2,
      'bad.yaml:9:5: spec.allow.labels: unknown key',
    )
    assert.equal(rows(await cluster.hub.json('mezctl roles ls')).length, 1)
  })

  it('in a name finds what exists, and what does not', async () => {
    const { hub, bot } = cluster
    assertRefused(
      await hub.run(`mezctl bots add --name=${bot} --roles=ci-deployer`),
      5,
      `bot "${bot}" exists`,
    )
    assertRefused(
      await hub.run('mezctl bots add --name=new --roles=nobody'),
      4,
      'no role "nobody"',
      'mezctl roles ls',
    )
    assertRefused(await hub.run('mezctl bots show nobody'), 4, 'no bot "nobody"')
    assert.equal(rows(await hub.json('mezctl bots ls')).length, 1, 'nothing is half done')
  })

  it('in a destination is found before the token is spent', async () => {
    const before = await instances()
    const { directory } = cluster
    const file = directory.join('file')
    writeFileSync(file, '')
    assertRefused(await join(file), 7, 'is not a directory')

    const foreign = directory.join('foreign')
    mkdirSync(foreign)
    chownSync(foreign, account.uid, account.gid)
    assertRefused(await join(foreign), 7, `belongs to user ${account.uid}`)

    const target = directory.join('target')
    mkdirSync(target)
    const sticky = directory.join('sticky')
    mkdirSync(sticky)
    chmodSync(sticky, 0o1777)
    const planted = `${sticky}/certs`
    await run(`ln -s ${target} ${planted}`, { asUser: account })
    assertRefused(await join(planted), 7, 'is a symbolic link of user')
    assert.deepEqual(readdirSync(target), [])

    const open = directory.join('open')
    mkdirSync(open)
    chmodSync(open, 0o777)
    assertRefused(await join(open), 7, open)

    const taken = directory.join('taken')
    mkdirSync(taken, { mode: 0o700 })
    writeFileSync(`${taken}/ssh_key`, 'somebody else’s')
    assertRefused(await join(taken), 7, 'ssh_key')
    symlinkSync('/nonexistent', directory.join('dangling'))
    assert.equal(await instances(), before)
  })

  it('in a destination that this user cannot write says so', async () => {
    const token = await cluster.newToken()
    const start = `mezd identity start --auth-server=${cluster.hub.address} --destination=/usr/mezite-certs`
    const result = await run(`${start} --join-token-file=- --one-shot`, {
      asUser: account,
      input: token,
    })
    assertRefused(result, 7, '/usr/mezite-certs', 'permission denied')
  })

  it('in an address: a hub that is down, and something that is no hub', async () => {
    const down = await run('mezctl status --data-dir=/nonexistent', { env })
    assertRefused(down, 6, '/nonexistent/hub.sock', 'mezhub start')

    const server = createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const token = await cluster.newToken()
    const start = `mezd identity start --auth-server=127.0.0.1:${port} --destination=${cluster.directory.join('nohub')}`
    const result = await run(`${start} --join-token-file=- --one-shot`, { env, input: token })
    server.close()
    assertRefused(result, 6, `127.0.0.1:${port}`, /hub/)
  })

  it("in the clock is named with both times, and the token isn't spent", async () => {
    const before = await instances()
    const ahead = await join(cluster.directory.join('ahead'), '', 'faketime -f +1h')
    assertRefused(ahead, 3, 'the clocks disagree', 'timedatectl')
    const behind = await join(cluster.directory.join('behind'), '', 'faketime -f -1h')
    assertRefused(behind, 3, 'the clocks disagree', 'timedatectl')
    const far = await join(cluster.directory.join('far'), '', 'faketime -f -3d')
    assertRefused(far, 6, "this machine's clock reads", 'timedatectl')
    assert.equal(await instances(), before)
  })

  it('in a token is found before anything is sent', async () => {
    const token = await cluster.newToken()
    const typo = token.slice(0, -1) + (token.endsWith('a') ? 'b' : 'a')
    const start = 'mezd identity start --auth-server=127.0.0.1:1 --destination=/tmp/unused'
    const result = await run(`${start} --join-token=${typo} --one-shot`, { env })
    assertRefused(result, 2, 'typing error')
  })

  it('in the renewal interval names both values', async () => {
    const destination = cluster.directory.join('interval')
    const local = await join(destination, '--certificate-ttl=30m --renewal-interval=30m')
    assertRefused(local, 2, 'the renewal interval (30m)', 'the certificate TTL (30m)')
    const capped = await join(destination, '--renewal-interval=2h')
    assertRefused(capped, 2, 'interval of 2h', 'life of 1h')
  })

  it('about the hub: its directory, its port, a newer version, a foreign file', async () => {
    const data = cluster.directory.join('hub')
    const second = await run(`mezhub start --data-dir=${data} --listen-addr=127.0.0.1:0`, { env })
    assertRefused(second, 7, `${data} is in use by pid`)

    const other = cluster.directory.join('other')
    const port = `127.0.0.1:${cluster.hub.port}`
    assertRefused(
      await run(`mezhub start --data-dir=${other} --listen-addr=${port}`, { env }),
      7,
      `${port} is in use`,
    )

    const database = new DatabaseSync(`${other}/hub.db`)
    database.exec('PRAGMA user_version = 1000')
    database.close()
    const newer = await run(`mezhub start --data-dir=${other} --listen-addr=127.0.0.1:0`, { env })
    assertRefused(newer, 7, '1000', /newer/)

    const wide = cluster.directory.join('wide')
    mkdirSync(wide)
    chmodSync(wide, 0o777)
    const open = await run(`mezhub start --data-dir=${wide} --listen-addr=127.0.0.1:0`, { env })
    assertRefused(open, 7, wide)
    assert.ok(!existsSync(`${wide}/hub.db`))
  })
})
