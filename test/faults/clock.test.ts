/** Clocks that are wrong, and clocks that jump: real programs, each with a date of its own. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/base/clock.ts'
import { type Cluster, rows, startCluster, textAt, valueAt } from '../e2e/harness/cluster.ts'
import { Daemon } from '../e2e/harness/daemon.ts'
import { requirePrograms } from '../e2e/harness/requirements.ts'
import { PROGRAMS, run, testEnvironment } from '../e2e/harness/run.ts'
import { waitFor } from '../e2e/harness/wait.ts'
import { FakeTime } from './fake-time.ts'

requirePrograms('faketime')

const SELDOM = ['--renewal-interval=20m', '--certificate-ttl=1h']
const OFTEN = ['--renewal-interval=1s', '--certificate-ttl=1h']

/** A hub and one bot, each with its own date. */
class Clocks implements AsyncDisposable {
  readonly hub: FakeTime
  readonly here: FakeTime
  readonly cluster: Cluster
  #count = 0

  constructor(hub: FakeTime, here: FakeTime, cluster: Cluster) {
    this.hub = hub
    this.here = here
    this.cluster = cluster
  }

  static async open(): Promise<Clocks> {
    const hub = new FakeTime()
    // Its CAs are a month old by the time that it is needed.
    hub.set(-30 * DAY)
    const cluster = await startCluster({ logins: ['deploy'], hubEnv: hub.env })
    hub.set(0)
    const clocks = new Clocks(hub, new FakeTime(), cluster)
    await clocks.noticed(1)
    return clocks
  }

  /** Both at once: time passes, in which nobody does anything. */
  pass(offsetMs: number): void {
    this.hub.set(offsetMs)
    this.here.set(offsetMs)
  }

  async daemon(flags: readonly string[], token?: readonly string[]): Promise<Daemon> {
    const name = `bot-${++this.#count}`
    const given = token ?? [`--join-token=${await this.cluster.newToken()}`]
    const daemon = new Daemon({
      destination: this.cluster.directory.join(name),
      env: { ...testEnvironment(this.cluster.directory.join(`${name}-home`)), ...this.here.env },
      flags: [`--auth-server=${this.cluster.hub.address}`, ...given, ...flags],
    })
    await daemon.waitForCertificate()
    return daemon
  }

  /** The problems that `mezd identity status` finds, as the bot's machine sees it. */
  async problems(daemon: Daemon): Promise<readonly string[]> {
    const command = [`${PROGRAMS}/mezd`, 'identity', 'status', '--format=json']
    const { stdout } = await run([...command, `--destination=${daemon.destination}`], {
      env: { ...testEnvironment('/nonexistent'), ...this.here.env },
    })
    return rows(valueAt(JSON.parse(stdout), 'problems')).map((it) => textAt(it, 'code'))
  }

  /** Waits until the hub has noticed that its clock was set, so many times so far. */
  async noticed(times: number): Promise<void> {
    await waitFor(async () => (await this.events('--type=hub.clock')).length === times, {
      what: `the hub to notice its clock, ${times} times`,
      context: () => this.cluster.hub.log,
    })
  }

  async has(daemon: Daemon, problems: readonly string[]): Promise<void> {
    let found: readonly string[] = []
    await waitFor(
      async () => {
        found = await this.problems(daemon)
        return found.join() === problems.join()
      },
      { what: `the problems ${problems.join()}`, context: () => `${found.join()}\n${daemon.log}` },
    )
  }

  async events(filter: string): Promise<readonly unknown[]> {
    return rows(await this.cluster.hub.json(`mezctl audit ls ${filter}`))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]()
    this.hub[Symbol.dispose]()
    this.here[Symbol.dispose]()
  }
}

describe('clocks', { concurrency: true }, () => {
  describe('of a bot', { concurrency: 1 }, () => {
    let clocks: Clocks
    before(async () => {
      clocks = await Clocks.open()
    })
    after(() => clocks[Symbol.asyncDispose]())

    it('that is off at the join: it joins, or is told both times and has spent nothing', async () => {
      const token = await clocks.cluster.newToken('--token-uses=10')
      for (const [offset, joins] of [
        [-3 * DAY, false],
        [-20 * MINUTE, false],
        [-2 * MINUTE, true],
        [2 * MINUTE, true],
        [20 * MINUTE, false],
        [3 * DAY, false],
      ] as const) {
        clocks.here.set(offset)
        const command = [`${PROGRAMS}/mezd`, 'identity', 'start', '--one-shot']
        const { code, stderr } = await run(
          [
            ...[...command, `--auth-server=${clocks.cluster.hub.address}`, `--join-token=${token}`],
            `--destination=${clocks.cluster.directory.join(`at ${offset}`)}`,
          ],
          { env: { ...testEnvironment('/nonexistent'), ...clocks.here.env } },
        )
        assert.equal(code === 0, joins, `${offset} ms: ${stderr}`)
        if (!joins) {
          assert.match(stderr, /hint: set the clock that is wrong/)
          const dates = [...stderr.matchAll(/\d{4}-\d\d-\d\dT[\d:]+Z/g)].map(([it]) =>
            Date.parse(it),
          )
          const isAbout = (time: number) => dates.some((it) => Math.abs(it - time) < 30 * SECOND)
          assert.ok(isAbout(clocks.here.now()), `its own time: ${stderr}`)
          assert.ok(dates.length >= 2, `and the hub's: ${stderr}`)
        }
      }
      const answer = await clocks.cluster.hub.json(`mezctl bots show ${clocks.cluster.bot}`)
      assert.equal(valueAt(answer, 'tokens', 0, 'uses_left'), 8)
    })

    it('that jumps while it runs: it goes on, at its pace, and says what is wrong', async () => {
      clocks.here.set(0)
      await using daemon = await clocks.daemon(SELDOM)
      for (const offset of [3 * DAY, -3 * DAY, 20 * MINUTE]) {
        await clocks.here.change(offset)
        const before = daemon.certificate
        const start = daemon.log.length
        daemon.signal('SIGHUP')
        await daemon.waitForCertificate(before)
        await daemon.waitForLog(/the clocks of this machine and of the hub are .* apart/, start)
      }
      assert.equal(daemon.exit, undefined)
      const renewals = await clocks.events('--type=bot.renew')
      assert.ok(
        renewals.length <= 6,
        `${renewals.length} renewals: as asked, and for each jump ahead`,
      )
      assert.deepEqual(rows(await clocks.cluster.hub.json('mezctl locks ls')), [])
    })
  })

  describe('of the hub', { concurrency: 1 }, () => {
    let clocks: Clocks
    before(async () => {
      clocks = await Clocks.open()
    })
    after(() => clocks[Symbol.asyncDispose]())

    const jumps: readonly (readonly [number, RegExp])[] = [
      [10 * HOUR, /the hub's clock has jumped: .* there, .* on this machine/],
      [-2 * DAY, /the hub's clock has jumped: .* there, .* on this machine/],
      [40 * DAY, /has expired at .*, and on the hub it is /],
      [-60 * DAY, /the hub's clock reads .*, but its CAs are valid from /],
    ]

    it('that jump are in its log, and a good certificate stays until they are right', async () => {
      await using daemon = await clocks.daemon(OFTEN)
      for (const [n, [offset, says]] of jumps.entries()) {
        const start = daemon.log.length
        clocks.hub.set(offset)
        await daemon.waitForLog(says, start)
        const kept = daemon.certificate
        await clocks.has(daemon, ['renewal-failing'])
        await clocks.noticed(2 * n + 2)
        assert.equal(daemon.certificate?.serial, kept?.serial)
        clocks.hub.set(0)
        await clocks.noticed(2 * n + 3)
        daemon.signal('SIGHUP')
        await daemon.waitForCertificate(kept)
      }
      assert.deepEqual(rows(await clocks.cluster.hub.json('mezctl locks ls')), [])
      await clocks.has(daemon, [])
    })
  })

  describe('of both, which is time that has passed', { concurrency: 1 }, () => {
    let clocks: Clocks
    before(async () => {
      clocks = await Clocks.open()
    })
    after(() => clocks[Symbol.asyncDispose]())

    it('a daemon that was suspended for hours renews at once', async () => {
      await using daemon = await clocks.daemon(SELDOM)
      const before = daemon.certificate
      daemon.signal('SIGSTOP')
      clocks.pass(20 * HOUR)
      daemon.signal('SIGCONT')
      const after = await daemon.waitForCertificate(before)
      assert.ok(Number(after.validBefore) * SECOND > clocks.here.now())
      await clocks.has(daemon, [])
      clocks.pass(0)
    })

    it('an identity that has expired is readmitted, or joins anew with the token in its file', async () => {
      const tokenFile = clocks.cluster.directory.join('token')
      writeFileSync(tokenFile, await clocks.cluster.newToken())
      await using other = await clocks.daemon(SELDOM, [`--join-token-file=${tokenFile}`])
      await using daemon = await clocks.daemon(SELDOM)
      const before = { daemon: daemon.certificate, other: other.certificate }
      const start = daemon.log.length
      clocks.pass(2 * DAY)
      await daemon.waitForLog(/not ready.*identity-expired/, start)
      await daemon.waitForLog(/mezctl bots readmit/, start)
      const problems = ['certificate-expired', 'identity-expired', 'renewal-failing']
      await clocks.has(daemon, problems)

      const bot = `${clocks.cluster.bot}`
      const instances = rows(await clocks.cluster.hub.json(`mezctl bots instances ${bot}`))
      const instance = textAt(instances[0], 'id')
      await clocks.cluster.hub.runOk(`mezctl bots readmit ${bot} --instance=${instance}`)
      daemon.signal('SIGHUP')
      const readmitted = await daemon.waitForCertificate(before.daemon)
      assert.ok(readmitted.keyId.includes(instance), readmitted.keyId)
      assert.ok(Number(readmitted.validBefore) * SECOND > clocks.here.now())
      await clocks.has(daemon, [])

      writeFileSync(tokenFile, await clocks.cluster.newToken())
      other.signal('SIGHUP')
      const joined = await other.waitForCertificate(before.other)
      assert.notEqual(joined.keyId, before.other?.keyId)
      assert.match(joined.keyId, /generation\/1$/)
      await clocks.has(other, [])
      assert.deepEqual(rows(await clocks.cluster.hub.json('mezctl locks ls')), [])
      clocks.pass(0)
    })
  })
})
