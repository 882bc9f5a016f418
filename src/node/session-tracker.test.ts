/** Sessions on a machine whose disk takes nothing. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { FakeClock } from '../../test/fakes/clock.ts'
import { FailingDisk } from '../../test/fakes/failing-disk.ts'
import { FakeNodeHub } from '../../test/fakes/node-hub.ts'
import { FakeProc } from '../../test/fakes/proc.ts'
import { systemErrorCode } from '../base/errors.ts'
import type { NodeLock, SessionEvent } from '../client/node-hub.ts'
import { generatePrivateKey } from '../ssh/private-key.ts'
import { parsePublicKey, publicKeyFrom } from '../ssh/public-key.ts'
import { EventQueue } from './event-queue.ts'
import { LiveSessions } from './live-sessions.ts'
import { RECORD_END, RECORD_HEADER } from './session-hook.ts'
import { SessionTracker } from './session-tracker.ts'

const MONITOR = { pid: 100, startTicks: 100n }

it('a lock ends a session that the disk had no space for, which is told once there is some', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'mezite-tracker-'))
  try {
    const [spool, state] = [join(directory, 'spool'), join(directory, 'state')]
    await mkdir(spool)
    await mkdir(state)
    const clock = new FakeClock()
    const hub = new FakeNodeHub(clock)
    const disk = new FailingDisk()
    const fs = disk.fileSystem
    const proc = new FakeProc([
      { pid: 50, parent: 1, program: '/usr/sbin/sshd' },
      { pid: 100, parent: 50, program: '/usr/sbin/sshd' },
      { pid: 101, parent: 100 },
    ])
    const killed: number[] = []
    const kill = (pid: number) => {
      killed.push(pid)
      proc.processes.delete(pid)
    }
    const locks: NodeLock[] = []
    const events: SessionEvent[] = []
    const failures: unknown[] = []
    const tracker = new SessionTracker({
      ports: { fs, clock, processes: { ...proc.ports, kill } },
      spool,
      queue: await EventQueue.open(fs, join(state, 'events')),
      live: new LiveSessions(fs, join(state, 'sessions')),
      bootId: 'boot',
      userCas: () => hub.trust.userCas.map(parsePublicKey),
      judgement: () => ({ locks, revoked: new Set(), isGranted: () => true }),
      observer: { onBegin: () => {}, onEnd: () => {} },
      onEvent: (event) => events.push(event),
      onFailure: (error) => failures.push(error),
    })
    await tracker.load()

    const write = async (type: string) => {
      const { pid, startTicks } = MONITOR
      const connection = '192.0.2.1 50000 192.0.2.2 22'
      const key = publicKeyFrom(generatePrivateKey('ssh-ed25519'))
      const method = `publickey ${hub.issueUser(key).line.split(' ').slice(0, 2).join(' ').trimEnd()}`
      const lines = [
        RECORD_HEADER,
        type,
        'deploy',
        '192.0.2.1',
        pid,
        startTicks,
        connection,
        method,
      ]
      await writeFile(join(spool, type), `${[...lines, RECORD_END].join('\n')}\n`)
    }
    const scanned = async () => {
      const stop = new AbortController()
      const waker = { wait: async () => stop.abort() }
      await tracker.run(waker, stop.signal)
    }

    disk.state = 'full'
    await write('open_session')
    await scanned()
    assert.equal(systemErrorCode(causeOf(failures[0])), 'ENOSPC')
    assert.match(String(failures[0]), /state\/sessions\/.*: no space is left on the disk/)
    assert.deepEqual([tracker.sessions.length, events, killed], [1, [], []])
    locks.push({ kind: 'login', login: 'deploy' })
    await scanned()
    assert.ok(killed.includes(100) && killed.includes(101), killed.join())
    await write('close_session')
    await scanned()
    assert.deepEqual((await readdir(spool)).length, 2, 'the records wait')

    disk.state = 'good'
    await scanned()
    assert.deepEqual(
      events.map((event) => (event.kind === 'end' ? event.reason : event.kind)),
      ['start', 'locked'],
    )
    assert.deepEqual([tracker.sessions, await readdir(spool)], [[], []])
    assert.deepEqual(await readdir(join(state, 'sessions')), [])
  } finally {
    await rm(directory, { recursive: true })
  }
})

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined
}
