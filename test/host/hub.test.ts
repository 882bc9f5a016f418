/** A hub beside another user: its data directory, its store, its door for this machine. */
import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { describe, it } from 'node:test'
import { startChild } from '../e2e/harness/child.ts'
import { PROGRAMS, type RunResult, run, testEnvironment } from '../e2e/harness/run.ts'
import { waitFor } from '../e2e/harness/wait.ts'
import { ATTACKER, act, asUser, OWNER, ROOT, SharedPlace, shell } from './harness/users.ts'

const ENV = testEnvironment('/nonexistent')

function start(directory: string): readonly string[] {
  return [`${PROGRAMS}/mezhub`, 'start', `--data-dir=${directory}`, '--listen-addr=127.0.0.1:0']
}

function refused(directory: string): Promise<RunResult> {
  return run(asUser(OWNER, start(directory)), { timeoutMs: 20_000 })
}

describe('a data directory is refused', () => {
  const WAYS: Readonly<Record<string, readonly [string, string, RegExp]>> = {
    'that the attacker has made first': [
      'shared/hub',
      'mkdir -m 0777 shared/hub',
      /hub belongs to user 61002/,
    ],
    "that is the attacker's link": [
      'shared/hub',
      'ln -s ../owner shared/hub',
      /hub is a symbolic link of user 61002/,
    ],
    "below the attacker's directory": [
      'attacker/open/hub',
      'mkdir -m 0777 attacker/open',
      /attacker belongs to user 61002, who could replace it/,
    ],
  }
  for (const [what, [directory, plant, message]] of Object.entries(WAYS)) {
    it(what, async () => {
      using place = new SharedPlace()
      await act(ATTACKER, `cd ${place.path} && ${plant}`)
      const { code, stderr } = await refused(place.join(directory))
      assert.equal(code, 7, stderr)
      assert.match(stderr, message)
      assert.match(stderr, /the data directory is not safe: .*\nhint: /)
      assert.equal(await act(ROOT, `find ${place.path} -name 'hub.*'`), '')
    })
  }

  it('that others can write', async () => {
    using place = new SharedPlace()
    place.directory('owner/hub', OWNER, 0o775)
    const { code, stderr } = await refused(place.join('owner/hub'))
    assert.deepEqual([code, /hub can be written by other users/.test(stderr)], [7, true], stderr)
  })
})

describe('what was planted while a data directory was open to all is refused', () => {
  const WAYS: Readonly<Record<string, readonly [string, RegExp]>> = {
    "the attacker's own store": [': > hub.db', /hub\.db belongs to user 61002/],
    'a log that would be played back into the store': [': > hub.db-wal', /hub\.db-wal belongs to/],
    'a journal that would be played back': ['mkfifo hub.db-journal', /is not a file of the hub/],
    'a link in the place of the store': ['ln -s ../precious hub.db', /is not a file of the hub/],
    'a link in the place of the lock': ['ln -s ../precious hub.lock', /is not a file of the hub/],
    'a link beside the lock': ['ln -s ../precious hub.lock-holder', /is not a file of the hub/],
    'a lock that the attacker could hold': [': > hub.lock', /hub\.lock belongs to user 61002/],
    'a pipe in the place of the socket': ['mkfifo hub.sock', /is not a file of the hub/],
    'a link to another socket': ['ln -s /run/x.sock hub.sock', /is not a file of the hub/],
  }
  for (const [what, [plant, message]] of Object.entries(WAYS)) {
    it(what, async () => {
      using place = new SharedPlace()
      place.directory('owner/hub', OWNER, 0o777)
      await act(ATTACKER, `cd ${place.join('owner/hub')} && ${plant}`)
      place.directory('owner/hub', OWNER, 0o700)
      const { code, stderr } = await refused(place.join('owner/hub'))
      assert.notEqual(code, 0)
      assert.match(stderr, message)
      assert.equal(readFileSync(place.join('owner/precious'), 'utf8'), 'owner only\n')
    })
  }
})

/** Connects as often as it can, and says when it was let in. */
const KNOCKING = `
const { connect } = require('node:net')
let refusals = 0
const knock = () => connect(process.argv[1])
  .on('connect', () => { console.log('in'); process.exit() })
  .on('error', ({ code }) => { if (code === 'EACCES' && ++refusals === 1) console.log('shut'); setImmediate(knock) })
for (let i = 0; i < 8; i++) knock()
`

describe('the socket for this machine', () => {
  it('lets another user in at no instant, whatever the umask and the mode of its directory', async () => {
    using place = new SharedPlace()
    const path = place.directory('owner/hub', OWNER, 0o755)
    for (let round = 0; round < 3; round++) {
      const knock = [process.execPath, '-e', KNOCKING, `${path}/hub.sock`]
      await using attacker = startChild(asUser(ATTACKER, knock), { env: ENV })
      await using hub = startChild(asUser(OWNER, start(path), '0'), { env: ENV })
      await waitFor(() => attacker.stdout !== '', {
        what: 'the attacker to come to the door',
        context: () => hub.stderr,
      })
      assert.equal(attacker.stdout, 'shut\n')
      assert.equal(statSync(`${path}/hub.sock`).mode & 0o777, 0o600)
      await hub.stop('SIGKILL')
    }
  })

  it("is not the hub's when it is another user's", async () => {
    using place = new SharedPlace()
    place.directory('owner/hub', OWNER, 0o777)
    const listen = `require('node:net').createServer().listen('${place.join('owner/hub/hub.sock')}', () => console.log('up'))`
    await using attacker = startChild(asUser(ATTACKER, [process.execPath, '-e', listen]), {
      env: ENV,
    })
    await waitFor(() => attacker.stdout === 'up\n', { what: 'the false hub' })
    const words = [`${PROGRAMS}/mezctl`, 'status', `--data-dir=${place.join('owner/hub')}`]
    const { code, stderr } = await run(asUser(OWNER, words))
    assert.equal(code, 6, stderr)
    assert.match(stderr, /hub\.sock belongs to user ID 61002/)
  })
})

describe('an admin identity', () => {
  it("is not written through another user's link, nor into his file", async () => {
    using place = new SharedPlace()
    const path = place.join('owner/hub')
    await using hub = startChild(asUser(OWNER, start(path)), { env: ENV })
    await hub.waitForStderr(/listening on/)
    await waitFor(() => statSync(`${path}/hub.sock`, { throwIfNoEntry: false }), {
      what: 'its socket',
    })
    const add = (file: string) => {
      const words = ['admins', 'add', 'ada', `--out=${file}`, `--data-dir=${path}`]
      return run(asUser(OWNER, [`${PROGRAMS}/mezctl`, ...words], '0'))
    }
    await act(
      ATTACKER,
      `cd ${place.join('shared')} && ln -s ../attacker/a link && mkfifo pipe && : > file && chmod 666 file`,
    )
    for (const name of ['link', 'pipe', 'file']) {
      const { code, stderr } = await add(place.join('shared', name))
      assert.deepEqual([code, /exists already/.test(stderr)], [7, true], stderr)
    }
    const { code, stderr } = await add(place.join('shared/ada.json'))
    assert.equal(code, 0, stderr)
    assert.notEqual((await shell(ATTACKER, `cat ${place.join('shared/ada.json')}`)).code, 0)
  })
})
