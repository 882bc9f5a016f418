/** `mezctl top` on a real terminal, at a real hub. */
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { type Cluster, startCluster } from './harness/cluster.ts'
import { requirePrograms } from './harness/requirements.ts'
import { PROGRAMS, run } from './harness/run.ts'
import { Terminal, type TerminalSize } from './harness/terminal.ts'

requirePrograms('python3', 'setpriv')

let cluster: Cluster
before(async () => {
  cluster = await startCluster({ logins: ['deploy'] })
})
after(() => cluster[Symbol.asyncDispose]())

const ENTER = '\u001b[?1049h'
const LEAVE = '\u001b[?1049l'

function top(size: TerminalSize, ...flags: readonly string[]): Terminal {
  const { env } = cluster.hub
  return new Terminal([`${PROGRAMS}/mezctl`, 'top', '--interval=1s', ...flags], { ...size, env })
}

const shows = (pattern: RegExp) => (screen: readonly string[]) =>
  screen.some((line) => pattern.test(line))

it('shows what happens as it happens, fits its terminal, and leaves it as it was', async () => {
  await using terminal = top({ rows: 30, columns: 100 })
  await terminal.until('the hub', shows(/^1 bot, 0 instances +0 nodes, 0 online/))
  assert.ok(terminal.written.includes(ENTER))
  assert.equal(terminal.screen.length, 30)
  assert.deepEqual(
    terminal.screen.filter((line) => /^[ >] [A-Z]{5}/.test(line)).map((line) => line.trim()),
    ['> RENEWALS', 'FAILURES', 'SESSIONS', 'LOCKS'],
  )

  // A join, a refusal and a lock.
  const token = await cluster.newToken()
  const join = `mezd identity start --one-shot --auth-server=${cluster.hub.address}`
  const destination = cluster.directory.join('certs')
  await cluster.hub.runOk(`${join} --join-token=${token} --destination=${destination}`)
  const again = await cluster.hub.run(
    `${join} --join-token=${token} --destination=${cluster.directory.join('more')}`,
  )
  assert.notEqual(again.code, 0)
  await cluster.hub.runOk(`mezctl bots lock ${cluster.bot} --message=seen`)
  await terminal.until('all three', (screen) =>
    [
      /^github-deploy +\S+ +revoked +\d+s ago +- +in \d+m/,
      /^\d+s ago +bot\.join +github-deploy +127\.0\.0\.1 +token-used/,
      /^bot github-deploy +\d+s ago +never +local +seen/,
      /^last minute: 0 renewals, 1 join, 0 logins, 1 refused/,
    ].every((pattern) => shows(pattern)(screen)),
  )

  terminal.type('\t')
  await terminal.until('another list', shows(/^> FAILURES/))
  terminal.type('\u001b[D\u001b[D')
  await terminal.until('the last list', shows(/^> LOCKS/))
  terminal.resize({ rows: 12, columns: 40 })
  await terminal.until('as much as fits', (screen) => screen.length === 12)
  await terminal.until('lines that fit', (screen) => screen.every((line) => line.length <= 40))
  await terminal.until('the list in focus', shows(/^bot github-deploy/))

  const [end] = [terminal.ended(), terminal.type('q')]
  assert.deepEqual(await end, { code: 0, cooked: true })
  assert.ok(terminal.written.trimEnd().endsWith(LEAVE))
})

it('says that it is out of touch, and comes back with the hub; a signal ends it cleanly', async () => {
  await using terminal = top({ rows: 24, columns: 80 })
  await terminal.until('the hub', shows(/^1 bot/))
  await cluster.hub.stop()
  await terminal.until('that it is gone', shows(/^OUT OF TOUCH with the hub since 20/))
  assert.ok(shows(/^1 bot/)(terminal.screen), 'what was known stays')
  await cluster.hub.start()
  await terminal.until('that it is back', (screen) => !shows(/^OUT OF TOUCH/)(screen))
  terminal.type('\u0003')
  assert.deepEqual(await terminal.ended(), { code: 0, cooked: true })
})

it('has lines of JSON for a script, and asks for a terminal where it needs one', async () => {
  const { env } = cluster.hub
  const { stdout } = await run('mezctl top --interval=1s --format=json | head -n 2', { env })
  const looks: { address: string; bots: number }[] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    looks.map(({ bots }) => bots),
    [1, 1],
  )
  const { code, stderr } = await run('mezctl top </dev/null', { env })
  assert.equal(code, 2)
  assert.match(stderr, /^error: this is no terminal[\s\S]*hint: look once with --once/)
})
