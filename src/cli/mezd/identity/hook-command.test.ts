import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { isAlive } from '../../../../test/e2e/harness/processes.ts'
import { waitFor } from '../../../../test/e2e/harness/wait.ts'
import { systemClock } from '../../../base/clock.ts'
import type { HookOccasion } from '../../../identity/renew-hook.ts'
import { hookCommand } from './hook-command.ts'

const OCCASION: HookOccasion = {
  by: 'renewed',
  bot: 'ci',
  serial: 2n ** 63n,
  expiresAt: Date.UTC(2026, 2, 24, 15),
}
const ENV = {
  PATH: process.env['PATH'],
  LANG: 'C',
  MEZITE_JOIN_TOKEN: 'tok-bot-secret',
  NOTIFY_SOCKET: '@speak',
  WATCHDOG_USEC: '1',
}

describe('the command of --on-renew', () => {
  let directory = ''
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mezite-hook-'))
  })
  after(() => rm(directory, { recursive: true }))

  function run(command: string, timeoutMs = 20_000, signal = new AbortController().signal) {
    const clock = systemClock
    return hookCommand({ command, timeoutMs, destination: '/certs', env: ENV, clock })(
      OCCASION,
      signal,
    )
  }

  it('learns what was published, and none of the secrets and ways of the daemon', async () => {
    const { failure, output } = await run(
      'env | sort | grep -v -e ^PWD -e ^_ -e ^SHLVL -e ^PATH; pwd',
    )
    assert.equal(failure, undefined)
    assert.deepEqual(output.split('\n'), [
      'LANG=C',
      'MEZITE_BOT=ci',
      'MEZITE_CERTIFICATE=/certs/ssh_key-cert.pub',
      'MEZITE_DESTINATION=/certs',
      'MEZITE_EVENT=renewed',
      'MEZITE_EXPIRES_AT=2026-03-24T15:00:00Z',
      'MEZITE_SERIAL=9223372036854775808',
      '/',
    ])
  })

  it('tells how it failed, with the end of what it printed', async () => {
    const { failure, output } = await run('seq 10000; echo why >&2; exit 3')
    assert.equal(failure, 'it ended with 3')
    assert.ok(output.length <= 2_048)
    assert.match(output, /\n10000\nwhy$/)
    assert.equal((await run('kill -USR1 $$')).failure, 'SIGUSR1 ended it')
  })

  it('is ended when it takes too long, with all that it has started', async () => {
    const pids = join(directory, 'pids')
    const command = `(trap '' TERM; sleep 600 & echo $! >>${pids}; wait; sleep 600) & echo $$ >>${pids}; wait`
    const started = run(command, 300)
    assert.equal((await started).failure, 'it took longer than 300ms')
    const found = (await readFile(pids, 'utf8')).trim().split('\n').map(Number)
    assert.equal(found.length, 2)
    await waitFor(() => found.every((pid) => !isAlive(pid)), { what: 'its processes to be gone' })
  })

  it('does not wait for what it has left running', async () => {
    const marker = join(directory, 'left')
    const { failure } = await run(`(sleep 2; touch ${marker}) & exit 0`)
    assert.equal(failure, undefined)
    assert.equal(existsSync(marker), false)
  })

  it('may finish when the daemon stops, and is then ended', async () => {
    const stop = new AbortController()
    const short = run('sleep 0.3', 20_000, stop.signal)
    stop.abort()
    assert.equal((await short).failure, undefined)
  })
})
