/** What the SQLite store acknowledges is on the disk, also on one that fails, and after a power cut. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openHere } from '../contract/sqlite-place.ts'
import { assertChain } from '../contract/store-audit.ts'
import { Child } from '../e2e/harness/child.ts'
import { TemporaryDirectory } from '../e2e/harness/directory.ts'
import { killTree } from '../e2e/harness/processes.ts'
import { programPath, requirePrograms } from '../e2e/harness/requirements.ts'
import { testEnvironment } from '../e2e/harness/run.ts'
import { waitFor } from '../e2e/harness/wait.ts'
import { seeded } from './kills/plan.ts'
import { LostPower } from './lost-power.ts'
import {
  type Fault,
  faultAt,
  readStraceLog,
  Strace,
  type StraceOptions,
  underStrace,
} from './strace.ts'
import type { LoggedCall } from './strace-log.ts'

requirePrograms('strace', 'setpriv')

const PROGRAM = join(import.meta.dirname, 'store-acts.ts')

/** A process that makes a role of each name that it is told: see store-acts.ts. */
class Acts implements AsyncDisposable {
  readonly directory: TemporaryDirectory
  readonly data: string
  readonly child: Child
  readonly #write: (line: string) => void

  constructor(directory: TemporaryDirectory, strace?: StraceOptions) {
    const data = directory.join('hub')
    const words = [
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      PROGRAM,
      data,
      recordOf(directory),
    ]
    const command = strace === undefined ? words : underStrace(words, strace).command
    const child = spawn(programPath('setpriv'), ['--pdeathsig', 'KILL', '--', ...command], {
      env: testEnvironment(directory.path),
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    })
    child.stdin.on('error', () => {})
    this.directory = directory
    this.data = data
    this.child = new Child('store-acts', child, false)
    this.#write = (line) => child.stdin.write(line)
  }

  async said(pattern: RegExp): Promise<string> {
    const find = () => this.child.stdout.split('\n').find((line) => pattern.test(line))
    return await waitFor(() => find() ?? (this.child.exit && 'it has ended'), {
      what: String(pattern),
      context: () => this.child.stdout + this.child.stderr,
    })
  }

  /** What became of each. */
  async make(...names: readonly string[]): Promise<readonly string[]> {
    this.#write(`${names.join(' ')}\n`)
    return await Promise.all(names.map((name) => this.said(new RegExp(`^${name}(:|$)`))))
  }

  async attach(options: Omit<StraceOptions, 'directory'> = {}): Promise<Strace> {
    return await Strace.attach(this.child.pid, { directory: this.directory, ...options })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child[Symbol.asyncDispose]()
  }
}

function recordOf(directory: TemporaryDirectory): string {
  return directory.join('record')
}

function temporaryDirectory(): TemporaryDirectory {
  const directory = new TemporaryDirectory()
  mkdirSync(directory.join('hub'), { mode: 0o700 })
  return directory
}

async function rolesIn(data: string): Promise<readonly string[]> {
  const store = await openHere(data)
  try {
    await assertChain(store)
    const roles = await store.roles.list({ limit: 10_000 })
    assert.equal(await store.audit.count(), roles.length)
    return roles.map(({ name }) => name)
  } finally {
    await store.close()
  }
}

describe('the SQLite store', () => {
  it('acknowledges nothing after a failed fsync until its log has begun anew', async () => {
    using directory = temporaryDirectory()
    await using acts = new Acts(directory)
    const log = join(acts.data, 'hub.db-wal')
    await acts.said(/^open/)
    assert.deepEqual(await acts.make('before'), ['before'])
    const first = { call: 'fsync', path: log, number: 1 } as const
    const failing = await acts.attach(faultAt(first, 'EIO'))
    const [refused] = await acts.make('lost')
    assert.match(refused ?? '', /^lost: unavailable: .*hub\.db failed: disk I\/O error \(fsync\)/)
    await failing.detach()

    await using watching = await acts.attach()
    assert.deepEqual(await acts.make('after'), ['after'])
    const calls = watching.calls().map(({ call, path }) => `${call} ${path.split('/').at(-1)}`)
    const begunAnew = calls.indexOf('ftruncate hub.db-wal')
    const synced = calls.indexOf('fsync hub.db')
    assert.ok(synced >= 0 && synced < begunAnew, calls.join('\n'))
    assert.ok(begunAnew < calls.indexOf('pwrite64 hub.db-wal'), calls.join('\n'))
    acts.child.signal('SIGKILL')
    await acts.child.exited
    assert.deepEqual(await rolesIn(acts.data), ['after', 'before'])
  })

  for (const [name, call] of [
    ['hub.db-wal', 'fsync'],
    ['hub.db-wal', 'pwrite64'],
  ] as const) {
    it(`refuses everything while no ${call} of ${name} succeeds, and goes on after`, async () => {
      using directory = temporaryDirectory()
      await using acts = new Acts(directory)
      await acts.said(/^open/)
      const failing = await acts.attach({
        paths: [join(acts.data, name)],
        faults: [{ call, from: 1, lasting: true, effect: 'EIO' }],
      })
      for (const role of ['a', 'b', 'c']) {
        const [told] = await acts.make(role)
        assert.match(told ?? '', /: unavailable: .*disk I\/O error/)
      }
      await failing.detach()
      assert.deepEqual(await acts.make('d', 'e'), ['d', 'e'])
      acts.child.signal('SIGKILL')
      await acts.child.exited
      assert.deepEqual(await rolesIn(acts.data), ['d', 'e'])
    })
  }

  it('is not opened on a log that may not be on the disk, and is once it can be copied', async () => {
    using directory = temporaryDirectory()
    {
      await using acts = new Acts(directory)
      await acts.said(/^open/)
      await acts.make('kept')
      acts.child.signal('SIGKILL')
      await acts.child.exited
    }
    const database = directory.join('hub', 'hub.db')
    for (const path of [database, directory.join('hub')]) {
      const fault = faultAt({ call: 'fsync', path, number: 1 }, 'EIO')
      await using acts = new Acts(directory, { directory, ...fault })
      assert.match(await acts.said(/^(refused|open)/), /^refused: unavailable: .*hub/)
    }
    assert.deepEqual(await rolesIn(directory.join('hub')), ['kept'])
  })

  it('has all that it acknowledged after a power cut, whatever else was written', async () => {
    using directory = temporaryDirectory()
    const calls = await logActs(directory, ['a', 'b', 'c', 'd', 'e', 'f'])
    assert.ok((await checkCuts(directory, calls)) >= 6)
  })

  it('has it too where an fsync failed and the process died of something else', async () => {
    using rehearsal = temporaryDirectory()
    const planned = await logActs(rehearsal, ['a', 'b', 'c'])
    const last = planned.findLast(({ call }) => call === 'fsync')
    const syncs = planned.filter(({ call, thread }) => call === 'fsync' && thread === last?.thread)
    using directory = temporaryDirectory()
    const failing = await logActs(
      directory,
      ['a', 'b', 'c'],
      [{ call: 'fsync', from: syncs.length, effect: 'EIO' }],
    )
    const refused = failing.filter(({ result }) => /EIO/.test(result ?? ''))
    assert.equal(refused.length, 1)
    const after = await logActs(directory, ['d', 'e'])
    assert.ok((await checkCuts(directory, [...failing, ...after])) >= 4)
  })
})

/** All that a process has written that makes these roles, one at a time, and is killed then. */
async function logActs(
  directory: TemporaryDirectory,
  names: readonly string[],
  faults: readonly Fault[] = [],
): Promise<readonly LoggedCall[]> {
  const log = directory.join(`log-${names[0]}`)
  const strace = { directory, log, dataBytes: 1 << 20, logsAll: true, faults }
  await using acts = new Acts(directory, strace)
  await acts.said(/^open/)
  for (const name of names) await acts.make(name)
  killTree(acts.child.pid)
  await acts.child.exited
  return readStraceLog(log)
}

/**
 * Cuts the power after each sync and each acknowledgement, and opens what is then on the disk.
 * Returns how many roles were acknowledged in the end.
 */
async function checkCuts(
  directory: TemporaryDirectory,
  calls: readonly LoggedCall[],
): Promise<number> {
  const disk = new LostPower(directory.join('hub'))
  const random = seeded(calls.length)
  const acknowledged: string[] = []
  for (const call of calls) {
    disk.take(call)
    const told = call.path === recordOf(directory) && call.call === 'write'
    if (told) {
      const [, name] = /"([a-z])\\n"/.exec(call.text) ?? []
      if (name !== undefined) acknowledged.push(name)
    }
    // Each opening of a store takes its time.
    if (!told && (call.call !== 'fsync' || random() < 0.7)) continue
    for (const luck of [() => false, () => random() < 0.5]) {
      const restored = directory.join('restored')
      mkdirSync(restored, { mode: 0o700 })
      disk.restore(restored, luck)
      const roles = await rolesIn(restored)
      const lost = acknowledged.filter((name) => !roles.includes(name))
      assert.deepEqual(lost, [], `lost after ${call.call} ${call.path} ${call.number}`)
      rmSync(restored, { recursive: true })
    }
  }
  return acknowledged.length
}
