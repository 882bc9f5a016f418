import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { DEPLOYER } from '../../../test/fakes/auth.ts'
import { runInTest } from '../testing/run-in-test.ts'
import { type Entry, isGroup } from '../verb.ts'
import { mezctl } from './program.ts'
import { startTestHub, type TestHub } from './testing/test-hub.ts'

let hub: TestHub
before(async () => {
  hub = await startTestHub()
})
after(() => hub[Symbol.asyncDispose]())

const json = async (...argv: readonly string[]) =>
  JSON.parse((await hub.mezctl([...argv, '--format=json'])).stdout)

describe('status', () => {
  it('shows the hub at a glance', async () => {
    const { code, stdout } = await hub.mezctl(['status'])
    assert.equal(code, 0)
    assert.match(stdout, /^Hub: +mezite\.example\.com:3025$/m)
    assert.match(stdout, /^You are: +local$/m)
    assert.match(stdout, /^tls +SHA256:\S+ +2026-03-24T14:00:00Z$/m)
  })

  it('has numbers as numbers in JSON', async () => {
    const status = await json('status')
    assert.deepEqual([status.version, status.bots, status.caller], ['1.2.3', 0, 'local'])
    assert.equal(status.authorities.length, 3)
  })
})

describe('ca export', () => {
  it('prints a key line, or a PEM certificate, ready for a file', async () => {
    for (const type of ['user', 'host']) {
      const { stdout } = await hub.mezctl(['ca', 'export', `--type=${type}`])
      assert.match(stdout, /^ssh-ed25519 [A-Za-z0-9+/=]+.*\n$/)
    }
    const { stdout } = await hub.mezctl(['ca', 'export', 'tls'])
    assert.equal(new X509Certificate(stdout).ca, true)
    assert.ok(stdout.endsWith('-----END CERTIFICATE-----\n'))
  })

  it('has the fingerprint in JSON, and refuses other types', async () => {
    const [authority] = await json('ca', 'export', 'user')
    assert.match(authority.fingerprint, /^SHA256:/)
    assert.equal((await hub.mezctl(['ca', 'export', 'ssh'])).code, 2)
  })
})

describe('audit ls', () => {
  before(async () => {
    await hub.mezctl(['roles', 'create', '-'], { input: DEPLOYER })
    await hub.mezctl(['bots', 'add', 'audited', '--roles=ci-deployer'])
  })

  it('lists the newest first, and filters', async () => {
    const { stdout } = await hub.mezctl(['audit', 'ls', '--bot=audited'])
    const types = stdout.split('\n').map((line) => line.split(/ {3,}/)[2])
    assert.deepEqual(types, ['TYPE', 'token.create', 'bot.create', undefined])
    assert.match(stdout, / bot=audited roles=ci-deployer$/m)
    assert.deepEqual(await json('audit', 'ls', '--outcome=refused'), [])
    assert.deepEqual(await json('audit', 'ls', '--until=1h'), [])
    assert.ok((await json('audit', 'ls', '--since=1h')).length > 0)
  })

  it('goes on where it stopped', async () => {
    const all: { sequence: number }[] = await json('audit', 'ls')
    const { stdout, stderr } = await hub.mezctl(['audit', 'ls', '--limit=2'])
    assert.equal(stdout.trimEnd().split('\n').length, 3)
    const [, before = ''] = /--before=(\d+)/.exec(stderr) ?? []
    assert.deepEqual(await json('audit', 'ls', `--before=${before}`), all.slice(2))
  })

  it('refuses a type that there is not', async () => {
    assert.equal((await hub.mezctl(['audit', 'ls', '--type=bot.jion'])).code, 2)
  })
})

describe('without a hub', () => {
  let directory: string
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mezite-none-'))
  })
  after(() => rm(directory, { recursive: true }))

  const ask = (path: string, uid?: number) =>
    runInTest(mezctl, ['bots', 'ls', `--data-dir=${path}`], uid === undefined ? {} : { uid })

  it('says where it looked, and how to start one', async () => {
    const { code, stderr } = await ask(directory)
    assert.equal(code, 6)
    assert.ok(stderr.startsWith(`error: no hub listens at ${directory}/hub.sock\n`))
    assert.match(stderr, /hint: is mezhub running\? start it with: mezhub start\n/)
  })

  it("looks by default where this user's hub is", async () => {
    const at = async (uid: number, env = {}) =>
      (await runInTest(mezctl, ['status'], { uid, env, home: '/nonexistent/me' })).stderr
    assert.match(await at(0), / \/var\/lib\/mezite\/hub\/hub\.sock\n/)
    assert.match(await at(1000), / \/nonexistent\/me\/\.local\/state\/mezite\/hub\/hub\.sock\n/)
    const env = { XDG_STATE_HOME: '/nonexistent/state' }
    assert.match(await at(1000, env), / \/nonexistent\/state\/mezite\/hub\/hub\.sock\n/)
  })

  it("says when the socket is another user's", async () => {
    await writeFile(join(directory, 'hub.sock'), '')
    const { code, stderr } = await ask(directory, (process.getuid?.() ?? 0) + 1)
    assert.equal(code, 6)
    assert.match(
      stderr,
      /^error: the hub's socket .* belongs to (root|user ID \d+)\nhint: run mezctl as /,
    )
  })
})

describe('every verb', () => {
  const verbs = mezctl.verbs.flatMap((entry) => leaves(entry, []))

  function leaves(entry: Entry, above: readonly string[]): readonly (readonly string[])[] {
    const path = [...above, entry.name]
    return isGroup(entry) ? entry.verbs.flatMap((it) => leaves(it, path)) : [path]
  }

  it('has help with its flags and an example that parses', async () => {
    assert.ok(verbs.length > 20)
    for (const path of verbs) {
      const { code, stdout } = await runInTest(mezctl, [...path, '--help'])
      assert.equal(code, 0)
      assert.ok(stdout.startsWith(`Usage: mezctl ${path.join(' ')} [flags]`), stdout)
      assert.ok(stdout.includes('Exit codes:'), path.join(' '))
      const examples = [...stdout.matchAll(/^ {2}(?:source <\()?mezctl (.*)$/gm)]
      for (const [, line = ''] of examples) {
        const flags = [...line.matchAll(/ (--[a-z-]+)/g)].map(([, flag]) => flag ?? '')
        for (const flag of flags) assert.ok(stdout.includes(`${flag} `), `${line}: ${flag}`)
      }
    }
  })
})
