/** Who reads what of a destination and a hub, under any umask. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Account, temporaryAccount } from '../e2e/harness/account.ts'
import { startChild } from '../e2e/harness/child.ts'
import { requireRoot } from '../e2e/harness/requirements.ts'
import { PROGRAMS, run, testEnvironment } from '../e2e/harness/run.ts'
import { waitFor } from '../e2e/harness/wait.ts'
import { useBot } from './harness/bot.ts'
import { ATTACKER, act, asUser, OWNER, ROOT, SharedPlace, shell } from './harness/users.ts'

requireRoot()

const bot = useBot()
const OUTPUTS = ['ssh_key', 'ssh_key.pub', 'ssh_key-cert.pub', 'known_hosts', 'ssh_config']

/** What is there that this user can read, or write, but for links. */
async function reach(user: typeof ATTACKER, path: string, how: '-readable' | '-writable') {
  const found = await act(user, `find ${path} ! -type l ! -type d ${how} 2>/dev/null || :`)
  return found.split('\n').filter(Boolean)
}

/** Modes that are wider than they should be. */
function wideModes(path: string): Promise<string> {
  return act(ROOT, `find ${path} ! -type l -perm /022 -printf '%p %m\\n'`)
}

describe('under an umask that takes nothing', () => {
  it('a bot has no file that another user can write, nor read but through --reader-user', async () => {
    using place = new SharedPlace()
    const path = place.join('owner/certs')
    await using daemon = bot.daemon(path, { umask: '0', env: { HOME: place.join('owner') } })
    await daemon.waitForStderr(/ready: the published certificate is valid/)
    assert.equal(await wideModes(place.join('owner')), '')
    assert.deepEqual(await reach(ATTACKER, place.join('owner'), '-readable'), [])
    assert.ok((await reach(OWNER, path, '-readable')).length > OUTPUTS.length)
  })

  it('a hub has none either', async () => {
    using place = new SharedPlace()
    const path = place.directory('owner/hub', OWNER, 0o755)
    const start = [`${PROGRAMS}/mezhub`, 'start', `--data-dir=${path}`, '--listen-addr=127.0.0.1:0']
    const env = testEnvironment(place.join('owner'))
    await using hub = startChild(asUser(OWNER, start, '0'), { env })
    await hub.waitForStderr(/listening on/)
    const ctl = (...words: readonly string[]) =>
      run(asUser(OWNER, [`${PROGRAMS}/mezctl`, ...words, `--data-dir=${path}`], '0'), { env })
    await waitFor(async () => (await ctl('status')).code === 0, { what: 'the hub' })
    assert.equal((await ctl('admins', 'add', 'ada', `--out=${path}/ada.json`)).code, 0)
    const backup = [`${PROGRAMS}/mezhub`, 'backup', `${path}/backup.db`, `--data-dir=${path}`]
    assert.equal((await run(asUser(OWNER, backup, '0'), { env })).code, 0)
    assert.equal(await wideModes(path), '')
    assert.deepEqual(await reach(ATTACKER, path, '-readable'), [])
  })
})

describe('outputs that are opened to a reader', () => {
  function user({ uid, gid }: Account) {
    return { uid, gid }
  }

  for (const kind of ['user', 'group'] as const) {
    it(`are his, and nothing else: --reader-${kind}`, async () => {
      using reader = temporaryAccount()
      using place = new SharedPlace()
      const path = place.join('certs')
      const words = bot.command(`--destination=${path}`, `--reader-${kind}=${reader.name}`)
      await using daemon = startChild(asUser(ROOT, words, '0'), {
        env: testEnvironment(place.path),
      })
      await daemon.waitForStderr(/ready: the published certificate is valid/)
      for (const name of OUTPUTS) {
        assert.notEqual(await act(user(reader), `cat ${path}/${name}`), '')
        assert.notEqual((await shell(ATTACKER, `cat ${path}/${name}`)).code, 0, name)
      }
      for (const line of [`ls ${path}`, `ls ${path}/.generations`, `ls ${path}/.state`]) {
        assert.notEqual((await shell(user(reader), line)).code, 0, line)
      }
      const state = await shell(user(reader), `cat ${path}/.state/identity.json`)
      assert.deepEqual([state.code === 0, state.stdout], [false, ''])
      assert.deepEqual(await reach(user(reader), path, '-writable'), [])
      // OpenSSH takes a key that a group can read from nobody but another user.
      const key = await shell(user(reader), `ssh-keygen -y -f ${path}/ssh_key`)
      assert.equal(key.code, 0, key.stderr)
    })
  }
})
