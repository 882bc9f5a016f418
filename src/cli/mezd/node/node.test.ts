import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { encodeJoinToken, type JoinTokenKind } from '../../../trust/join-token.ts'
import { runInTest } from '../../testing/run-in-test.ts'
import { mezd } from '../program.ts'

const SERVER = '--auth-server=hub.example.com'

let directory: string
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mezite-node-'))
})
after(() => rm(directory, { recursive: true }))

const run = (argv: readonly string[], world = {}) => runInTest(mezd, ['node', ...argv], world)
const check = (flags: readonly string[], world = {}) => run(['config', 'check', ...flags], world)

async function settings(flags: readonly string[], world = {}) {
  const { code, stdout, stderr } = await check([...flags, '--format=json'], world)
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout).settings
}

const token = (kind: JoinTokenKind) =>
  encodeJoinToken({ kind, secret: Buffer.alloc(16, 1), pin: Buffer.alloc(16, 2) })

describe('mezd node config check', () => {
  it('tells the defaults', async () => {
    const { code, stdout } = await check([SERVER])
    assert.equal(code, 0)
    assert.match(stdout, /^The settings are good\.\n\nauth-server: +hub\.example\.com:3025\n/)
    assert.match(stdout, new RegExp(`^name: +${hostname().toLowerCase()}$`, 'm'))
    assert.match(stdout, /^labels: +none\nhosts: +\S+\nport: +22$/m)
    assert.match(stdout, /^state-dir: +\/var\/lib\/mezite\/node\nrun-dir: +\/run\/mezite$/m)
    assert.match(stdout, /^strict: +no\nsshd: +\/etc\/ssh$/m)
  })

  it('takes flags, the environment and a file, in this order', async () => {
    const config = join(directory, 'node.yaml')
    await writeFile(
      config,
      'auth-server: hub\nname: file\nlabels: [env=staging, tier=web]\nstrict: true\nhosts: a.example\n',
    )
    const env = { MEZITE_NAME: 'variable', MEZITE_STATE_DIR: '/srv/node' }
    const found = await settings([`--config=${config}`, '--hosts=b.example,192.0.2.1'], { env })
    assert.deepEqual(
      [found.name, found.labels, found.strict, found.hosts],
      ['variable', 'env=staging,tier=web', '10m', 'b.example,192.0.2.1'],
    )
    assert.deepEqual([found.state_dir, found.run_dir], ['/srv/node', '/srv/node/run'])
  })

  it('is found by an sshd of its own where that listens', async () => {
    const found = await settings([SERVER, '--sshd-port=2222', '--sshd-listen=127.0.0.5'])
    assert.deepEqual(
      [found.hosts, found.port, found.sshd],
      ['127.0.0.5', 2222, 'its own, on port 2222'],
    )
  })

  it('takes --strict alone and with a duration', async () => {
    assert.equal((await settings([SERVER, '--strict'])).strict, '10m')
    assert.equal((await settings([SERVER, '--strict=30m'])).strict, '30m')
  })

  it('refuses what can not be', async () => {
    for (const flag of ['--name=No_Name!', '--labels=env=*', '--labels=env', '--strict=1m']) {
      assert.equal((await check([SERVER, flag])).code, 2, flag)
    }
    assert.equal((await check([])).code, 2)
  })

  it("knows a node's token, and shows none", async () => {
    const given = await check([SERVER, `--join-token=${token('node')}`])
    assert.match(given.stdout, /^join-token: +given, well-formed$/m)
    const wrong = await check([SERVER, `--join-token=${token('bot')}`])
    assert.equal(wrong.code, 2)
    assert.match(wrong.stderr, /^error: this join token is for a bot, not for a node\n/)
    const mistyped = await check([SERVER, `--join-token=${token('node').slice(0, -1)}`])
    assert.equal(mistyped.code, 2)
  })
})

describe('on a machine that is no node', () => {
  it('mezd node status says so, and exits with 7', async () => {
    const { code, stdout } = await run(['status', `--state-dir=${directory}/none`])
    assert.equal(code, 7)
    assert.match(stdout, /^Kept by: +nobody\n/)
    assert.match(stdout, /^problem: .*\/none\/private holds no identity$/m)
    const json = await run(['status', `--state-dir=${directory}/none`, '--format=json'])
    const status = JSON.parse(json.stdout)
    assert.deepEqual([status.node, status.healthy], [null, false])
    assert.equal(status.problems[0].code, 'not-joined')
  })

  it('mezd node leave has nothing to do', async () => {
    const { code, stdout, stderr } = await run(['leave', `--state-dir=${directory}/none`])
    assert.deepEqual([code, stdout], [4, ''])
    assert.match(stderr, /^error: .* holds no identity\n/)
  })
})

it('the verbs have help with an example', async () => {
  for (const verb of ['start', 'status', 'leave', 'config check']) {
    const { code, stdout } = await run([...verb.split(' '), '--help'])
    assert.equal(code, 0)
    assert.match(stdout, new RegExp(`^Usage: mezd node ${verb} `))
    assert.match(stdout, new RegExp(`^Examples:\n(.*\n)*  mezd node ${verb}`, 'm'))
    assert.ok(!stdout.includes('preset'))
  }
})
