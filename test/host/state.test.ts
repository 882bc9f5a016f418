/** What another user has planted where a daemon keeps its renewable credential. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { PROGRAMS, run } from '../e2e/harness/run.ts'
import { useBot } from './harness/bot.ts'
import { ATTACKER, act, asUser, OWNER, SharedPlace, shell } from './harness/users.ts'

const bot = useBot()

function status(place: SharedPlace) {
  const words = [
    `${PROGRAMS}/mezd`,
    'identity',
    'status',
    `--destination=${place.join('owner/certs')}`,
  ]
  return run(asUser(OWNER, words), { timeoutMs: 20_000 })
}

describe('a state directory', () => {
  for (const mode of [0o750, 0o705, 0o770, 0o707]) {
    it(`is refused with mode ${mode.toString(8)}`, async () => {
      using place = new SharedPlace()
      place.directory('owner/certs', OWNER, 0o700)
      place.directory('owner/certs/.state', OWNER, mode)
      const { code, stderr } = await bot.refused(place.join('owner/certs'))
      assert.equal(code, 7, stderr)
      assert.match(
        stderr,
        /the state directory is not safe: .*\.state can be (read|written) by other users\n/,
      )
    })
  }

  it('shows nothing of itself to another user, nor lets him hold its lock', async () => {
    using place = new SharedPlace()
    await using daemon = bot.daemon(place.join('owner/certs'))
    await daemon.waitForStderr(/ready: the published certificate is valid/)
    const state = place.join('owner/certs/.state')
    for (const line of [`ls ${state}`, `cat ${state}/identity.json`, `: >> ${state}/lock`]) {
      const { code, stdout } = await shell(ATTACKER, line)
      assert.ok(code !== 0 && stdout === '', line)
    }
    assert.match(await act(OWNER, `cat ${state}/identity.json`), /BEGIN PRIVATE KEY/)
  })
})

describe('what was planted while a state directory was open to all is refused', () => {
  const SAFE = /the state directory is not safe: .*\nhint: /
  const WAYS: Readonly<Record<string, readonly [string, RegExp]>> = {
    'an identity of the attacker’s': ['echo {} > identity.json', SAFE],
    'a link to a file of the owner’s': ['ln -s ../../precious identity.json', SAFE],
    'a link to what has no end': ['ln -s /dev/zero identity.json', SAFE],
    'a pipe that nobody writes into': ['mkfifo identity.json', SAFE],
    'a pipe in the place of pending keys': ['mkfifo pending-renewal.json', SAFE],
    'pending keys of the attacker’s': ['echo {} > pending-join.json', SAFE],
    'a file larger than any state': ['truncate -s 1T identity.json', SAFE],
    'a lock that the attacker could hold': [': > lock; chmod 666 lock', /can't be locked/],
  }
  for (const [what, [plant, message]] of Object.entries(WAYS)) {
    it(what, async () => {
      using place = new SharedPlace()
      const directories = ['owner/certs', 'owner/certs/.state']
      for (const name of directories) place.directory(name, OWNER, 0o777)
      await act(ATTACKER, `cd ${place.join('owner/certs/.state')} && ${plant}`)
      for (const name of directories) place.directory(name, OWNER, 0o700)
      const { code, stderr } = await bot.refused(place.join('owner/certs'))
      assert.equal(code, 7, stderr)
      assert.match(stderr, message)
      assert.equal(readFileSync(place.join('owner/precious'), 'utf8'), 'owner only\n')
    })
  }

  it('and mezd identity status waits for none of it', async () => {
    using place = new SharedPlace()
    const directories = ['owner/certs', 'owner/certs/.state', 'owner/certs/.generations']
    for (const name of directories) place.directory(name, OWNER, 0o777)
    await act(
      ATTACKER,
      `cd ${place.join('owner/certs')} && mkdir -m 755 .generations/1 && ln -s .generations/1 .current &&
       mkfifo .lock-holder .lock .generations/1/ssh_key .generations/1/ssh_key-cert.pub &&
       cd .state && mkfifo identity.json progress.json hook.json`,
    )
    const { code, stdout, stderr } = await status(place)
    assert.equal(code, 7, stderr)
    assert.match(stdout, /problem: .*is not a regular file/)
  })
})
