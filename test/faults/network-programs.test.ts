/** Programs as they are behind a network that goes wrong, and behind a name that leads elsewhere. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { type Child, startChild } from '../e2e/harness/child.ts'
import { rows, textAt, valueAt } from '../e2e/harness/cluster.ts'
import { Daemon } from '../e2e/harness/daemon.ts'
import { TemporaryDirectory } from '../e2e/harness/directory.ts'
import { Fleet } from '../e2e/harness/fleet.ts'
import { startHub } from '../e2e/harness/hub.ts'
import { ManagedNode } from '../e2e/harness/managed-node.ts'
import { programPath, requirePrograms, requireRoot } from '../e2e/harness/requirements.ts'
import { PROGRAMS, testEnvironment } from '../e2e/harness/run.ts'
import { freePort } from '../e2e/harness/sshd.ts'
import { waitFor } from '../e2e/harness/wait.ts'
import { FaultyLink, type LinkFault, replay } from '../fakes/faulty-link.ts'

requirePrograms('sshd', 'unshare', 'mount')
requireRoot()

const NAME = 'hub.mezite.test'
const SELDOM = ['--renewal-interval=20m', '--certificate-ttl=1h']
/** Both ends ask each other every 10 s, and wait 10 s for the answer. */
const SILENCE_MS = 90_000

let fleet: Fleet
before(async () => {
  const directory = new TemporaryDirectory()
  fleet = new Fleet(await startHub({ directory }), directory)
  await fleet.role('create', 'deployer', {
    allow: { node_labels: { env: 'staging' }, logins: ['deploy'] },
  })
})
after(() => fleet[Symbol.asyncDispose]())

/** The join token of a new bot. */
async function newBot(name: string): Promise<string> {
  const answer = await fleet.hub.json(`mezctl bots add --name=${name} --roles=deployer`)
  return textAt(answer, 'token', 'value')
}

async function assertNoLocks(): Promise<void> {
  assert.deepEqual(rows(await fleet.hub.json('mezctl locks ls')), [])
}

function hubAddress() {
  return { host: '127.0.0.1', port: fleet.hub.port }
}

describe('programs', { concurrency: true }, () => {
  it('a daemon renews through each fault of the network, or once it is over', async () => {
    await using link = await FaultyLink.open(hubAddress())
    await using daemon = new Daemon({
      destination: fleet.directory.join('faulty'),
      env: testEnvironment(fleet.directory.join('faulty-home')),
      flags: [
        `--auth-server=127.0.0.1:${link.port}`,
        `--join-token=${await newBot('faulty')}`,
        ...SELDOM,
      ],
    })
    await daemon.waitForCertificate()
    const faults: readonly (readonly [LinkFault, RegExp])[] = [
      [{ delayMs: 100 }, /renewed/],
      [{ bytesPerSecond: 20_000 }, /renewed/],
      [{ cut: { direction: 'up', afterBytes: 1_500, ending: 'close' } }, /could not renew/],
      [{ cut: { direction: 'up', afterBytes: 0, ending: 'reset' } }, /could not renew/],
      [{ cut: { direction: 'down', afterBytes: 2_500, ending: 'reset' } }, /could not renew/],
      [{ cut: { direction: 'down', afterBytes: 1_000, ending: 'silence' } }, /could not renew/],
    ]
    link.forget()
    for (const [fault, says] of faults) {
      const before = daemon.certificate
      const start = daemon.log.length
      link.fault = fault
      daemon.signal('SIGHUP')
      await daemon.waitForLog(says, start)
      link.fault = {}
      await daemon.waitForCertificate(before)
    }
    await replay(link.recorded, hubAddress())
    assert.equal(daemon.exit, undefined)
    const [instance] = rows(await fleet.hub.json('mezctl bots instances faulty'))
    // Each was renewed once, whatever was repeated.
    assert.equal(Number(valueAt(instance, 'generation')), faults.length + 1)
    await assertNoLocks()
  })

  it('a daemon finds the hub where its name leads by then', async () => {
    const port = await freePort('0.0.0.0')
    const first = await FaultyLink.open(hubAddress(), { host: '127.0.0.1', port })
    const names = fleet.directory.join('hosts')
    const lead = (line: string) => writeFileSync(names, line)
    lead(`127.0.0.1 ${NAME}\n`)
    await using child = startWithNames(names, [
      ...[`${PROGRAMS}/mezd`, 'identity', 'start', `--auth-server=${NAME}:${port}`],
      ...[
        `--destination=${fleet.directory.join('named')}`,
        `--join-token=${await newBot('named')}`,
      ],
      ...SELDOM,
    ])
    const renewals = () => child.stderr.match(/ renewed bot=/g)?.length ?? 0
    const renews = async (times: number) => {
      child.signal('SIGHUP')
      await waitFor(() => renewals() === times, {
        what: `renewal ${times}`,
        context: () => child.stderr,
      })
    }
    await child.waitForStderr(/ joined bot=/)
    await renews(1)

    // Nobody knows the name any more: neither the file nor a server.
    lead('')
    await first[Symbol.asyncDispose]()
    let start = child.stderr.length
    child.signal('SIGHUP')
    await child.waitForStderr(/could not renew.*(ENOTFOUND|EAI_AGAIN).*hint=/, start)
    // It leads where nothing listens, then to where the hub has moved.
    lead(`127.0.0.5 ${NAME}\n`)
    start = child.stderr.length
    child.signal('SIGHUP')
    await child.waitForStderr(/could not renew.*127\.0\.0\.5/, start)
    await using _second = await FaultyLink.open(hubAddress(), { host: '127.0.0.5', port })
    await renews(2)
    assert.equal(child.exit, undefined)
    await assertNoLocks()
  })

  it('the hub sees in bounded time that a node has gone without a word, and the node that the hub has', async () => {
    await using link = await FaultyLink.open(hubAddress())
    await using node = new ManagedNode({
      ...{ name: 'silent-1', address: '127.0.0.2', port: await freePort('0.0.0.0') },
      stateDirectory: fleet.directory.join('silent'),
      hasOwnSshd: true,
      flags: [
        ...[`--auth-server=127.0.0.1:${link.port}`, `--join-token=${await fleet.nodeToken()}`],
        '--labels=env=staging',
      ],
    })
    await node.waitUntilReady()
    assert.equal(await fleet.nodeState('silent-1'), 'online')
    const start = node.log.length
    link.freeze()
    await Promise.all([
      waitFor(async () => (await fleet.nodeState('silent-1')) === 'offline', {
        what: 'the hub to see it',
        timeoutMs: SILENCE_MS,
      }),
      waitFor(() => node.log.slice(start).includes('out of touch with the hub'), {
        what: 'the node to see it',
        timeoutMs: SILENCE_MS,
        context: () => node.log,
      }),
    ])
    link.thaw()
    await node.waitForLog(/ in touch with the hub/, start)
    assert.equal(await fleet.nodeState('silent-1'), 'online')
    assert.ok(node.principals('deploy').length > 0)
  })
})

/** A program that finds these names, in place of those of this machine's /etc/hosts. */
function startWithNames(names: string, command: readonly string[]): Child {
  const script = 'mount --bind "$0" /etc/hosts && exec "$@"'
  return startChild(
    [programPath('unshare'), '--mount', '/bin/sh', '-c', script, names, ...command],
    { env: testEnvironment(fleet.directory.join('named-home')) },
  )
}
