/** Who is in, and how they leave: sessions at a real sshd, followed and ended by the agent. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { after, afterEach, before, describe, it } from 'node:test'
import type { EndReason, SessionEvent } from '../../src/client/node-hub.ts'
import { plainGrant } from '../fakes/node-hub.ts'
import { NodeScene, type RunningAgent } from '../fakes/node-scene.ts'
import { type Account, temporaryAccount } from './harness/account.ts'
import type { Child } from './harness/child.ts'
import { undoAtExit } from './harness/cleanup.ts'
import { Client } from './harness/client.ts'
import { TemporaryDirectory } from './harness/directory.ts'
import { commandLines, signalQuietly } from './harness/processes.ts'
import { requirePrograms, requireRoot } from './harness/requirements.ts'
import { run } from './harness/run.ts'
import { freePort } from './harness/sshd.ts'
import { waitFor } from './harness/wait.ts'

requirePrograms('sshd', 'ssh')
requireRoot()

const INSTANCE = '5f0c8c50-7d3c-4b0b-9f0a-4b7a0c7f6d12'

describe('sessions of a node', () => {
  let account: Account
  let directory: TemporaryDirectory
  let scene: NodeScene
  let agent: RunningAgent
  let client: Client
  const children: Child[] = []

  before(async () => {
    account = temporaryAccount()
    directory = new TemporaryDirectory()
    const port = await freePort('127.0.0.1')
    scene = new NodeScene(directory.path, port)
    scene.hub.grants = [plainGrant(account.name, { portForwarding: true })]
    agent = scene.start()
    client = new Client({
      ...{ directory, name: 'bot', port, hostCa: scene.hub.hostCa },
      certify: (key) => scene.hub.issueUser(key, { serial: 4711n }).line,
    })
    await waitFor(async () => (await client.ssh(account.name, 'true')).code === 0, {
      what: 'the first login',
    })
    await nextEnd()
  })

  afterEach(async () => {
    for (const child of children.splice(0)) await child[Symbol.asyncDispose]()
  })

  after(async () => {
    await agent?.stop()
    directory?.[Symbol.dispose]()
    account?.[Symbol.dispose]()
  })

  let seen = 0
  /** The hub's next event, in their order. */
  async function nextEvent(): Promise<SessionEvent> {
    const event = await waitFor(() => scene.hub.events[seen], {
      what: 'an event',
      context: () => JSON.stringify(agent.record.failures.map(({ error }) => String(error))),
    })
    seen += 1
    return event
  }

  async function nextEnd(): Promise<EndReason> {
    for (;;) {
      const event = await nextEvent()
      if (event.kind === 'end') return event.reason
    }
  }

  function startClient(...words: readonly string[]): Child {
    const child = client.start(account.name, ...words)
    children.push(child)
    return child
  }

  async function locked(): Promise<void> {
    scene.hub.send({ locks: [{ kind: 'bot', bot: 'ci' }] })
  }

  async function unlock(): Promise<void> {
    scene.hub.send({ locks: [] })
    const count = agent.record.applied.length
    await waitFor(() => agent.record.applied.length > count - 1, { what: 'the unlock' })
  }

  it('are told to the hub with all that is known of them', async () => {
    await client.ssh(account.name, 'true')
    const start = await nextEvent()
    assert.ok(start.kind === 'start')
    const { time, sessionId, ...who } = start
    assert.deepEqual(who, {
      kind: 'start',
      login: account.name,
      bot: 'ci',
      instanceId: INSTANCE,
      certificateSerial: 4711n,
      address: '127.0.0.1',
    })
    const end = await nextEvent()
    assert.ok(end.kind === 'end' && end.sessionId === sessionId && end.time >= time)
    assert.equal(end.reason, 'closed')
  })

  it('end when the client is killed', async () => {
    const child = startClient('--', 'sleep 600')
    await nextEvent()
    child.signal('SIGKILL')
    assert.equal(await nextEnd(), 'closed')
  })

  it('are lost when sshd itself is killed', async () => {
    startClient('--', 'sleep 601')
    await nextEvent()
    const monitor = await findMonitor()
    signalQuietly(monitor, 'SIGKILL')
    assert.equal(await nextEnd(), 'lost')
  })

  async function findMonitor(): Promise<number> {
    const { stdout } = await run(`pgrep -f ': ${account.name} \\[priv\\]'`)
    return Number(stdout.trim())
  }

  it('of an open ControlMaster are dead after a lock', async () => {
    const path = directory.join('control')
    const options = ['-o', `ControlPath=${path}`]
    const master = startClient('-N', '-o', 'ControlMaster=yes', ...options)
    await nextEvent()
    await waitFor(() => existsSync(path), { what: 'the ControlMaster' })
    assert.equal((await client.ssh(account.name, 'true', ...options)).code, 0)
    await locked()
    assert.equal(await nextEnd(), 'locked')
    await master.exited
    await unlock()
  })

  it('that only forward are dead after a lock', async () => {
    const port = await freePort('127.0.0.1')
    const forward = `127.0.0.1:${port}:127.0.0.1:${scene.parameters.port}`
    const child = startClient('-N', '-L', forward)
    await nextEvent()
    await waitFor(() => reaches(port), { what: 'the forwarding' })
    await locked()
    assert.equal(await nextEnd(), 'locked')
    await child.exited
    assert.equal(await reaches(port), false)
    await unlock()
  })

  it('without a terminal are dead after a lock, and what they have started', async () => {
    const child = startClient('--', 'sh -c \'trap "" TERM HUP; sleep 602 & sleep 603\'; true')
    await nextEvent()
    await waitFor(() => running('sleep 602') && running('sleep 603'), { what: 'the children' })
    await locked()
    await child.exited
    await waitFor(() => !running('sleep 602') && !running('sleep 603'), { what: 'their end' })
    assert.equal(await nextEnd(), 'locked')
    await unlock()
  })

  it('that have sent a process to the background lose it too', async () => {
    const child = startClient('--', 'setsid -f sleep 606 </dev/null >/dev/null 2>&1; sleep 607')
    await nextEvent()
    await waitFor(() => running('sleep 606') && running('sleep 607'), { what: 'both processes' })
    await locked()
    await child.exited
    await waitFor(() => !running('sleep 606'), { what: 'the end of the one that left' })
    assert.equal(await nextEnd(), 'locked')
    await unlock()
  })

  it('that are multiplexed lose what an earlier command has left behind', async () => {
    const options = ['-o', `ControlPath=${directory.join('control-2')}`]
    const master = startClient('-N', '-o', 'ControlMaster=yes', ...options)
    await nextEvent()
    await waitFor(() => existsSync(directory.join('control-2')), { what: 'the ControlMaster' })
    const command = 'setsid -f sleep 608 </dev/null >/dev/null 2>&1'
    assert.equal((await client.ssh(account.name, command, ...options)).code, 0)
    await waitFor(() => running('sleep 608'), { what: 'the process' })
    await locked()
    await master.exited
    await waitFor(() => !running('sleep 608'), { what: 'its end' })
    assert.equal(await nextEnd(), 'locked')
    await unlock()
  })

  it('that have stopped their sshd are dead after a lock all the same', async () => {
    const child = startClient('--', 'kill -STOP $PPID; sleep 609')
    await nextEvent()
    await waitFor(() => running('sleep 609'), { what: 'the command' })
    await locked()
    await child.exited
    assert.equal(await nextEnd(), 'locked')
    await unlock()
  })

  it('that are lost are disconnected, and a lock ends what is left of them', async () => {
    const child = startClient('--', 'setsid -f sleep 610 </dev/null >/dev/null 2>&1; sleep 611')
    await nextEvent()
    await waitFor(() => running('sleep 610') && running('sleep 611'), { what: 'both processes' })
    signalQuietly(await findMonitor(), 'SIGKILL')
    await child.exited
    assert.equal(await nextEnd(), 'lost')
    assert.ok(running('sleep 610'), 'as after any other end')
    await agent.stop()
    agent = scene.start()
    await waitFor(async () => (await client.ssh(account.name, 'true')).code === 0, {
      what: 'the agent to be back',
    })
    assert.equal(await nextEnd(), 'closed')
    await locked()
    await waitFor(() => !running('sleep 610') && !running('sleep 611'), { what: 'their end' })
    await waitFor(() => sessionFiles().length === 0, { what: 'it to be forgotten' })
    await unlock()
  })

  function sessionFiles(): readonly string[] {
    return readdirSync(`${scene.parameters.stateDirectory}/private/sessions`)
  }

  it('end when the hub says so', async () => {
    const child = startClient('--', 'sleep 604')
    const { sessionId } = await nextEvent()
    scene.hub.send({ endSessions: [`web-1/${sessionId}`] })
    assert.equal(await nextEnd(), 'ended')
    await child.exited
  })

  it('of a certificate that is revoked end', async () => {
    const child = startClient('--', 'sleep 605')
    await nextEvent()
    scene.hub.send({ revoked: [4711n] })
    assert.equal(await nextEnd(), 'locked')
    await child.exited
    scene.hub.send({ forgotten: [4711n] })
    await waitFor(async () => (await client.ssh(account.name, 'true')).code === 0, {
      what: 'the certificate to count again',
    })
    await nextEnd()
  })

  it('that begin and end while the agent is away are told when it is back', async () => {
    const staying = startClient('--', 'sleep 606')
    const { sessionId } = await nextEvent()
    const service = `/etc/pam.d/mezite-${scene.parameters.port}`
    const text = readFileSync(service, 'utf8')
    await agent.stop()
    assert.ok(!existsSync(service), 'nothing of it is left in a place of the machine')
    writeFileSync(service, text)
    await startSshdAlone()
    assert.equal((await client.ssh(account.name, 'true')).code, 0)
    staying.signal('SIGKILL')
    await staying.exited
    await waitFor(async () => !((await findMonitor()) > 0), { what: 'its end' })
    const before = scene.hub.events.length
    agent = scene.start()
    const events = [await nextEvent(), await nextEvent(), await nextEvent()]
    assert.equal(before, seen - 3, 'nothing was told while it was away')
    assert.deepEqual(events.map(({ kind }) => kind).sort(), ['end', 'end', 'start'])
    assert.ok(events.some((event) => event.sessionId === sessionId && event.kind === 'end'))
  })

  /** As it would go on had the agent been killed: a stop ends it, too. */
  async function startSshdAlone(): Promise<void> {
    const { stateDirectory, port } = scene.parameters
    const program = `${stateDirectory}/sshd/mezite-${port}`
    const words = ['-D', '-e', '-f', `${stateDirectory}/sshd/sshd_config`]
    const { pid } = scene.ports().programs.start(program, words)
    if (pid !== undefined) undoAtExit(() => signalQuietly(pid, 'SIGKILL'))
    await waitFor(() => reaches(port), { what: 'sshd' })
  }
})

function running(command: string): boolean {
  return commandLines().some((line) => line.trim() === command)
}

function reaches(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('data', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
    socket.once('data', () => socket.destroy())
  })
}
