/** What another user has planted where a bot's certificates are to stand. */
import assert from 'node:assert/strict'
import { lstatSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { useBot } from './harness/bot.ts'
import { ATTACKER, act, OWNER, ROOT, SharedPlace, shell } from './harness/users.ts'

const bot = useBot()

/** Everything below a directory, with owners, modes and contents. */
function inventory(path: string): Promise<string> {
  return act(ROOT, `cd ${path} && find . -printf '%p %u %m %s %l\\n' | sort; cat precious 2>&1`)
}

describe('a destination is refused', () => {
  const WAYS: Readonly<Record<string, readonly [string, string, RegExp]>> = {
    'that the attacker has made first, in a directory like /tmp': [
      'shared/certs',
      'mkdir -m 0777 shared/certs',
      /certs belongs to user 61002/,
    ],
    "that is the attacker's link to a directory of the owner's": [
      'shared/certs',
      'ln -s ../owner shared/certs',
      /certs is a symbolic link of user 61002/,
    ],
    "below the attacker's link": [
      'shared/way/certs',
      'ln -s ../owner shared/way',
      /way is a symbolic link of user 61002/,
    ],
    "below the attacker's directory": [
      'attacker/open/certs',
      'mkdir -m 0777 attacker/open',
      /attacker belongs to user 61002, who could replace it/,
    ],
  }
  for (const [what, [destination, plant, message]] of Object.entries(WAYS)) {
    it(what, async () => {
      using place = new SharedPlace()
      await act(ATTACKER, `cd ${place.path} && ${plant}`)
      const before = await inventory(place.path)
      const { code, stderr } = await bot.oneShot(place.join(destination))
      assert.equal(code, 7, stderr)
      assert.match(stderr, message)
      assert.match(stderr, /hint: /)
      assert.equal(await inventory(place.path), before)
    })
  }

  for (const [what, mode, message] of [
    ['that everyone can write', 0o777, /certs can be written by other users/],
    ['that a group can write', 0o770, /certs can be written by other users/],
  ] as const) {
    it(what, async () => {
      using place = new SharedPlace()
      place.directory('owner/certs', OWNER, mode)
      const { code, stderr } = await bot.oneShot(place.join('owner/certs'))
      assert.deepEqual([code, message.test(stderr)], [7, true], stderr)
    })
  }

  it('below a directory that everyone can write', async () => {
    using place = new SharedPlace()
    place.directory('open', ROOT, 0o777)
    const { code, stderr } = await bot.oneShot(place.join('open/certs'))
    assert.deepEqual([code, /open can be written by other/.test(stderr)], [7, true], stderr)
  })
})

describe('what was planted while a destination was open to all', () => {
  /** It was closed before it was used. */
  async function planted(plant: string, { state = false, by = ATTACKER } = {}) {
    const place = new SharedPlace()
    const directories = ['owner/certs', ...(state ? ['owner/certs/.state'] : [])]
    for (const name of directories) place.directory(name, OWNER, 0o777)
    await act(by, `cd ${place.join('owner/certs')} && ${plant}`)
    for (const name of directories) place.directory(name, OWNER, 0o700)
    return place
  }

  const REFUSED: Readonly<Record<string, readonly [string, RegExp]>> = {
    'a link in the place of the key': ['ln -s ../precious ssh_key', /ssh_key is a symbolic link/],
    'a pipe in the place of known_hosts': ['mkfifo known_hosts', /known_hosts was not written/],
    "the right link, but the attacker's": [
      'ln -s .current/ssh_config ssh_config',
      /ssh_config is a symbolic link of user 61002/,
    ],
    'a link in the place of .current': [
      'mkdir -p g/7 && ln -s .generations/7 .current',
      /\.current is a symbolic link of user 61002/,
    ],
    'a link in the place of .generations': [
      'ln -s /tmp .generations',
      /\.generations is not a directory of mezd alone/,
    ],
    'a directory in the place of .generations': [
      'mkdir -m 0777 .generations',
      /\.generations is not a directory of mezd alone/,
    ],
    'a link in the place of the lock': ['ln -s ../precious .lock', /can't be locked/],
    'a pipe in the place of the lock': ['mkfifo .lock', /can't be locked/],
    'a link in the place of the state directory': [
      'ln -s .. .state',
      /\.state is a symbolic link of user 61002/,
    ],
    'a state directory': ['mkdir -m 0777 .state', /\.state belongs to user 61002/],
  }
  for (const [what, [plant, message]] of Object.entries(REFUSED)) {
    it(`is refused: ${what}`, async () => {
      using place = await planted(plant)
      const { code, stderr } = await bot.refused(place.join('owner/certs'))
      assert.equal(code, 7, stderr)
      assert.match(stderr, message)
      assert.equal(readFileSync(place.join('owner/precious'), 'utf8'), 'owner only\n')
    })
  }

  it('is refused: a hard link in the place of the key, where the kernel lets him make one', async () => {
    using place = await planted('ln ../precious ssh_key', { by: ROOT })
    const { code, stderr } = await bot.refused(place.join('owner/certs'))
    assert.deepEqual([code, /ssh_key was not written by mezd/.test(stderr)], [7, true], stderr)
    assert.equal(readFileSync(place.join('owner/precious'), 'utf8'), 'owner only\n')
  })

  it('is replaced, and not followed: what stands beside the lock, and names of half-written files', async () => {
    const names = ['.lock-holder', '..current.new', '.state/.identity.json.new']
    const links = names.map((name) => `ln -s ${name.includes('/') ? '../' : ''}../precious ${name}`)
    using place = await planted(links.join(' && '), { state: true })
    await using daemon = bot.daemon(place.join('owner/certs'))
    await daemon.waitForStderr(/ready: the published certificate is valid/)
    assert.equal(readFileSync(place.join('owner/precious'), 'utf8'), 'owner only\n')
    for (const name of names) {
      const stats = lstatSync(place.join('owner/certs', name), { throwIfNoEntry: false })
      assert.ok(!stats?.isSymbolicLink(), name)
    }
  })
})

describe('in a directory like /tmp', () => {
  it('a destination is safe once it is there: nobody else can move, open or list it', async () => {
    using place = new SharedPlace()
    const path = place.join('shared/certs')
    const { code, stderr } = await bot.oneShot(path)
    assert.equal(code, 0, stderr)
    for (const attempt of [
      ...[`mv ${path} ${path}2`, `rm -rf ${path}`, `ls ${path}`, `cat ${path}/ssh_key`],
      ...[`cat ${path}/ssh_config`, `ln ${path}/.current/ssh_key ${place.join('attacker/k')}`],
    ]) {
      const { code, stdout } = await shell(ATTACKER, attempt)
      assert.ok(code !== 0 && stdout === '', attempt)
    }
    assert.match(await act(OWNER, `cat ${path}/ssh_key`), /PRIVATE KEY/)
  })
})
