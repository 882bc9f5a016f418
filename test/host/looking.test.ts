/** Root looks into directories of a user who has planted something there. */
import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { PROGRAMS, type RunResult, run, testEnvironment } from '../e2e/harness/run.ts'
import { useBot } from './harness/bot.ts'
import { ATTACKER, act, ROOT, SharedPlace } from './harness/users.ts'

const bot = useBot()

function asRoot(...words: readonly string[]): Promise<RunResult> {
  return run([`${PROGRAMS}/mezd`, 'identity', ...words], { timeoutMs: 20_000 })
}

/** The attacker's own destination, with `plant` in it. */
async function destinationWith(place: SharedPlace, plant: string): Promise<string> {
  const path = place.join('attacker/certs')
  await act(ATTACKER, `mkdir -p ${path}/.state ${path}/.generations/1 && cd ${path} && ${plant}`)
  return path
}

describe('what root runs on a destination of another user', () => {
  it('writes through no link of his, and has no file of root open for him', async () => {
    using place = new SharedPlace()
    const database = place.join('root.db')
    new DatabaseSync(database).close()
    const path = await destinationWith(
      place,
      `ln -s ${database} .lock && ln -s ${place.join('precious')} .lock-holder &&
       ln -s ${place.join('precious')} .state/identity.json && ln -s .generations/1 .current &&
       ln -s ${place.join('precious')} .generations/1/ssh_key-cert.pub`,
    )
    const before = statSync(place.join('precious'))
    for (const verb of ['status', 'wait']) {
      const flags = verb === 'wait' ? ['--timeout=1s'] : []
      const { code, stdout, stderr } = await asRoot(verb, `--destination=${path}`, ...flags)
      assert.equal(code, 7, stderr)
      assert.ok(!(stdout + stderr).includes('root only'))
    }
    assert.equal(readFileSync(place.join('precious'), 'utf8'), 'root only\n')
    assert.equal(statSync(place.join('precious')).mtimeMs, before.mtimeMs)
    assert.equal(statSync(database).size, 0)
  })

  it('waits for no pipe of his', async () => {
    using place = new SharedPlace()
    const path = await destinationWith(
      place,
      'mkfifo .lock .lock-holder .state/identity.json .state/progress.json .generations/1/ssh_key-cert.pub && ln -s .generations/1 .current',
    )
    for (const words of [['status'], ['wait', '--timeout=1s']]) {
      const { code, stderr } = await asRoot(...words, `--destination=${path}`)
      assert.equal(code, 7, stderr)
    }
  })

  it('sees what he sees', async () => {
    using place = new SharedPlace()
    const path = place.join('attacker/real')
    await using daemon = bot.daemon(path, { user: ATTACKER })
    await daemon.waitForStderr(/ready: the published certificate is valid/)
    const { code, stdout, stderr } = await asRoot('status', `--destination=${path}`)
    assert.equal(code, 0, stdout + stderr)
    assert.match(stdout, /Kept fresh by: +pid \d+ since/)
  })
})

describe("what root publishes with a home that is another user's", () => {
  it('is not told of there', async () => {
    using place = new SharedPlace()
    await act(
      ATTACKER,
      `cd ${place.join('attacker')} && mkdir -p .local/state && ln -s ${place.path} .local/state/mezite`,
    )
    const { code, stderr } = await bot.oneShot(place.join('certs'), {
      user: ROOT,
      env: { HOME: place.join('attacker') },
    })
    assert.equal(code, 0, stderr)
    assert.match(stderr, /msh will need --identity=.*attacker belongs to user 61002/)
    assert.equal(statSync(place.join('last-destination'), { throwIfNoEntry: false }), undefined)
  })
})

describe('msh', () => {
  it("takes no word of another user's for the last destination, and waits for no pipe", async () => {
    using place = new SharedPlace()
    const state = place.directory('owner/.local/state/mezite', ROOT, 0o777)
    for (const plant of [
      'echo /tmp > last-destination',
      'rm last-destination; mkfifo last-destination',
    ]) {
      await act(ATTACKER, `cd ${state} && ${plant}`)
      const env = { ...testEnvironment(place.join('owner')) }
      const { code, stderr } = await run([`${PROGRAMS}/msh`, 'ssh', 'h'], {
        env,
        timeoutMs: 20_000,
      })
      assert.equal(code, 4, stderr)
      assert.match(stderr, /^error: no identity/)
    }
  })

  it('waits for no pipe in the place of a certificate', async () => {
    using place = new SharedPlace()
    await act(ATTACKER, `cd ${place.join('attacker')} && mkfifo ssh_key-cert.pub && : > ssh_key`)
    const words = [`${PROGRAMS}/msh`, 'ssh', `--identity=${place.join('attacker')}`, 'h']
    const { code, stderr } = await run(words, { timeoutMs: 20_000 })
    assert.equal(code, 7, stderr)
    assert.match(stderr, /ssh_key-cert\.pub can't be read: .*is not a regular file/)
  })
})

describe('a file that a user names', () => {
  it('is read from a pipe, and to an end: not for ever', async () => {
    using place = new SharedPlace()
    const start = `${PROGRAMS}/mezd identity start --auth-server=h:1 --destination=${place.join('d')}`
    const config = `${PROGRAMS}/mezd identity config check --config`
    for (const [line, code, message] of [
      [`${start} --join-token-file=/dev/zero`, 7, /longer than 1048576 bytes/],
      [`${start} --ca-file=/dev/zero --join-token=x`, 7, /longer than 1048576 bytes/],
      [`${config}=/dev/zero`, 7, /longer than 1048576 bytes/],
      [
        `echo 'destination: /d' > c; mkfifo p; cat c > p & ${config}=p`,
        2,
        /auth-server is missing/,
      ],
    ] as const) {
      const result = await run(line, { cwd: place.path, timeoutMs: 20_000 })
      assert.deepEqual(
        [result.code, message.test(result.stderr)],
        [code, true],
        `${line}\n${result.stderr}`,
      )
    }
  })
})
