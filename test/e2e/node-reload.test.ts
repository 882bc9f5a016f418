/** A reload of sshd is over when it is said to be, and none is lost. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { it } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { systemFileSystem } from '../../src/base/file-system.ts'
import { reloadListener } from '../../src/node/sshd-listener.ts'
import { Machine } from './harness/own-machine.ts'
import { commandLine } from './harness/processes.ts'
import { programPath, requirePrograms, requireRoot } from './harness/requirements.ts'

requirePrograms('sshd')
requireRoot()

const signals: string[] = []
const ports = {
  proc: fs,
  fs: systemFileSystem,
  clock: systemClock,
  kill: (pid: number, signal: NodeJS.Signals) => {
    signals.push(signal)
    process.kill(pid, signal)
  },
}

/** What sshd's greeting ends with; throws where it doesn't listen. */
async function addendum(machine: Machine): Promise<string | undefined> {
  const socket = connect(machine.port, '127.0.0.1')
  try {
    const [greeting]: unknown[] = await once(socket, 'data')
    return String(greeting).trim().split(' ').at(-1)
  } finally {
    socket.destroy()
  }
}

function configure(machine: Machine, text: string): void {
  const config = readFileSync(machine.configPath, 'utf8')
  const others = config.split('\n').filter((line) => !line.startsWith('VersionAddendum'))
  const next = `${machine.configPath}.new`
  writeFileSync(next, [`VersionAddendum ${text}`, ...others].join('\n'))
  renameSync(next, machine.configPath)
}

it('sshd listens with its new configuration when the reload returns, each time', async () => {
  await using machine = await Machine.open()
  await machine.startSshd()
  for (let round = 0; round < 10; round++) {
    configure(machine, `round-${round}`)
    assert.equal(await reloadListener(ports, machine.configPath), true)
    assert.equal(await addendum(machine), `round-${round}`)
  }
})

it('a reload that somebody else has begun is waited for, and another one follows', async () => {
  await using machine = await Machine.open()
  await machine.startSshd()
  const pid = machine.sshd
  // An sshd that is only starting would be ended by the signal of somebody else.
  await reloadListener(ports, machine.configPath)
  for (let round = 0; round < 10; round++) {
    process.kill(pid, 'SIGHUP')
    await systemClock.sleep(round * 2)
    configure(machine, `round-${round}`)
    assert.equal(await reloadListener(ports, machine.configPath), true)
    assert.equal(await addendum(machine), `round-${round}`)
  }
})

it('an sshd that is only starting is waited for, and not ended by the signal', async () => {
  await using machine = await Machine.open()
  const started = machine.startSshd()
  const sshd = programPath('sshd')
  while (!commandLine(machine.sshd).startsWith(sshd)) await systemClock.sleep(0)
  configure(machine, 'started')
  assert.equal(await reloadListener(ports, machine.configPath), true)
  await started
  assert.equal(await addendum(machine), 'started')
})

it('where no sshd runs nothing is told', async () => {
  await using machine = await Machine.open()
  signals.length = 0
  assert.equal(await reloadListener(ports, machine.configPath), false)
  assert.deepEqual(signals, [])
})
