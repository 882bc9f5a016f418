/** What of a program's memory others can come by. */
import assert from 'node:assert/strict'
import { chmodSync, readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { type Child, startChild } from '../e2e/harness/child.ts'
import { TemporaryDirectory } from '../e2e/harness/directory.ts'
import { startFleet } from '../e2e/harness/fleet.ts'
import { answers, type ManagedNode } from '../e2e/harness/managed-node.ts'
import { requirePrograms } from '../e2e/harness/requirements.ts'
import { PROGRAMS, run, testEnvironment } from '../e2e/harness/run.ts'
import { waitFor } from '../e2e/harness/wait.ts'
import { useBot } from './harness/bot.ts'
import { keySecret, leaks } from './harness/secret.ts'
import { asUser, OWNER, SharedPlace } from './harness/users.ts'

requirePrograms('sshd')

const bot = useBot()
const OWN = readFileSync('/proc/self/coredump_filter', 'utf8')

function dumpFilter(pid: number): string {
  return readFileSync(`/proc/${pid}/coredump_filter`, 'utf8')
}

describe('a core dump', () => {
  it('of a hub or a daemon has none of its memory, and that of what it starts is as ever', async () => {
    await using fleet = await startFleet()
    const node: ManagedNode = await fleet.node({ name: 'web-1' })
    const hubs = run(
      `pgrep -f '^[^ ]*node .*mezhub/main.ts start --data-dir=${fleet.directory.path}'`,
    )
    const agents = run(
      `pgrep -f 'mezd node start --name=web-1|mezd/main.ts node start --name=web-1'`,
    )
    for (const { stdout } of [await hubs, await agents]) {
      const pids = stdout.trim().split('\n').map(Number)
      assert.ok(
        pids.some((pid) => /^0+$/.test(dumpFilter(pid).trim())),
        stdout,
      )
    }
    assert.ok(await answers(node.address, node.port))
    assert.equal(dumpFilter(node.sshd ?? 0), OWN)
  })

  it('that is really written has no key in it', async () => {
    using place = new SharedPlace()
    const directory = place.directory('owner/cores', OWNER, 0o755)
    const destination = place.join('owner/certs')
    const words = ['/bin/sh', '-c', 'ulimit -c unlimited; cd "$0"; exec "$@"', directory]
    await using daemon = startChild(
      asUser(OWNER, [...words, ...bot.command(`--destination=${destination}`)]),
      { env: testEnvironment('/nonexistent') },
    )
    await daemon.waitForStderr(/ready: the published certificate is valid/)
    const state = JSON.parse(readFileSync(`${destination}/.state/identity.json`, 'utf8'))
    const secret = keySecret('its identity key', String(state.identityKey))
    await daemon.stop('SIGABRT')
    // Where dumps go is the machine's to say; here it is looked at wherever it says "here".
    const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim()
    const cores = readdirSync(directory).map((name) => readFileSync(`${directory}/${name}`))
    assert.ok(cores.length > 0 || /[/|]/.test(pattern), pattern)
    for (const content of cores) assert.deepEqual(leaks([secret], [{ name: 'core', content }]), [])
  })
})

describe("Node's debugger", () => {
  it('is opened by no signal', async () => {
    using directory = new TemporaryDirectory()
    chmodSync(directory.path, 0o700)
    const env = testEnvironment(directory.path)
    const data = `--data-dir=${directory.join('hub')}`
    const start = [`${PROGRAMS}/mezhub`, 'start', data, '--listen-addr=127.0.0.1:0']
    await using hub: Child = startChild(start, { env })
    await hub.waitForStderr(/listening on/)
    await using daemon = bot.daemon(directory.join('certs'), { user: { uid: 0, gid: 0 } })
    await daemon.waitForStderr(/ready: the published certificate is valid/)
    for (const child of [hub, daemon]) {
      child.signal('SIGUSR1')
      child.signal('SIGUSR1')
    }
    const status = `${PROGRAMS}/mezctl status ${data}`
    await waitFor(async () => (await run(status, { env })).code === 0, { what: 'the hub' })
    await daemon.waitForStderr(/renewing now|asked by a signal/)
    assert.doesNotMatch(hub.stderr + daemon.stderr, /Debugger/)
    assert.deepEqual([hub.exit, daemon.exit], [undefined, undefined])
  })
})
