/** The audit log as an operator has it: copied, followed, pruned, verified elsewhere. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { openSqliteStore } from '../../src/auth/store/sqlite/open.ts'
import { DAY, systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import { addEvents } from '../fakes/audit-events.ts'
import { startChild } from './harness/child.ts'
import { TemporaryDirectory } from './harness/directory.ts'
import { type Hub, startHub } from './harness/hub.ts'
import { PROGRAMS, run, testEnvironment } from './harness/run.ts'
import { waitFor } from './harness/wait.ts'

/** An act that leaves one event. */
const act = (hub: Hub) => hub.runOk('mezctl tokens create --roles=node')

const newest = async (hub: Hub): Promise<number> => {
  const events: unknown = await hub.json('mezctl audit ls --limit=1')
  const [event]: unknown[] = Array.isArray(events) ? events : []
  return Number(Reflect.get(Object(event), 'sequence'))
}

interface Line {
  readonly kind: string
  readonly sequence?: number
}

/** Whole lines; the last one may be on its way. */
function linesOf(text: string): readonly Line[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

function sequencesOf(text: string): readonly number[] {
  return linesOf(text).flatMap(({ kind, sequence = 0 }) => (kind === 'event' ? [sequence] : []))
}

const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index)

async function waitForCopy(read: () => string, last: number, hub: Hub): Promise<void> {
  await waitFor(() => sequencesOf(read()).at(-1) === last, {
    what: `event ${last} to be copied`,
    context: () => hub.log,
  })
}

async function verifyFile(hub: Hub, directory: TemporaryDirectory, file: string): Promise<string> {
  const key = directory.join('audit.pub')
  writeFileSync(key, await hub.runOk('mezctl audit key'))
  // On a machine that knows no hub.
  const env = testEnvironment(directory.join('elsewhere'))
  const { code, stdout, stderr } = await run(
    `mezctl audit verify ${file} --public-key=${key} --format=json`,
    { env },
  )
  assert.equal(code, 0, stderr)
  return stdout
}

describe('the sink of audit events', () => {
  it('is a file of its own, goes on after a crash, and is opened anew on SIGHUP', async () => {
    using directory = new TemporaryDirectory()
    const file = directory.join('audit.jsonl')
    const copied = () => readFileSync(file, 'utf8')
    await using hub = await startHub({ directory, flags: [`--audit-sink=${file}`] })
    await act(hub)
    await waitForCopy(copied, await newest(hub), hub)
    assert.equal(statSync(file).mode & 0o777, 0o600)

    // Killed at once, with half a line more than it had written.
    await Promise.all([act(hub), act(hub)])
    await hub.stop('SIGKILL')
    writeFileSync(file, '{"kind":"event","vers', { flag: 'a' })
    await hub.start()
    await act(hub)
    const last = await newest(hub)
    await waitForCopy(copied, last, hub)
    assert.deepEqual(sequencesOf(copied()), range(1, last))
    assert.equal(JSON.parse(await verifyFile(hub, directory, file)).last, last)

    const aside = directory.join('audit.jsonl.1')
    renameSync(file, aside)
    hub.signal('SIGHUP')
    await waitFor(() => statSync(file, { throwIfNoEntry: false }), { what: 'the new file' })
    await act(hub)
    await waitForCopy(copied, last + 1, hub)
    assert.deepEqual(sequencesOf(copied()), [last + 1])
    assert.equal(sequencesOf(readFileSync(aside, 'utf8')).at(-1), last)

    // What is left is signed and copied at an orderly end.
    await act(hub)
    await hub.stop()
    const lines = linesOf(copied())
    assert.deepEqual(sequencesOf(copied()), [last + 1, last + 2])
    assert.deepEqual([lines.at(-1)?.kind, lines.at(-1)?.sequence], ['checkpoint', last + 2])
  })

  it('can be standard output, apart from the log', async () => {
    using directory = new TemporaryDirectory()
    await using hub = await startHub({ directory, flags: ['--audit-sink=stdout'] })
    await act(hub)
    await waitForCopy(() => hub.stdout, await newest(hub), hub)
    assert.equal(linesOf(hub.stdout)[0]?.kind, 'log')
    assert.ok(!hub.log.includes('"kind"'))
  })

  it('is never a file of somebody else’s', async () => {
    using directory = new TemporaryDirectory()
    const file = directory.join('notes.txt')
    writeFileSync(file, 'mine, without a line end')
    await using hub = await startHub({ directory, flags: [`--audit-sink=${file}`] })
    await waitFor(() => /error audit events cannot be copied.*notes\.txt/.test(hub.log), {
      what: 'the complaint',
      context: () => hub.log,
    })
    assert.equal(readFileSync(file, 'utf8'), 'mine, without a line end')
    assert.match(await hub.runOk('mezctl status'), /Audit sink: +file .*behind: .*notes\.txt/)
  })

  describe('on a full disk', () => {
    let directory: TemporaryDirectory
    let disk: string
    before(() => {
      directory = new TemporaryDirectory()
      disk = directory.join('disk')
      mkdirSync(disk)
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'mezite', disk])
    })
    after(() => {
      execFileSync('umount', ['--lazy', disk])
      directory[Symbol.dispose]()
    })

    it('stops nobody, is told of, and gets everything later', async () => {
      const file = `${disk}/audit.jsonl`
      await using hub = await startHub({ directory, flags: [`--audit-sink=${file}`] })
      await act(hub)
      await waitForCopy(() => readFileSync(file, 'utf8'), await newest(hub), hub)
      const filler = `${disk}/filler`
      assert.throws(() => writeFileSync(filler, Buffer.alloc(128 << 10)), { code: 'ENOSPC' })
      // What still fits into the last page that the file has.
      for (let n = 0; n < 20; n++) await act(hub)
      await waitFor(() => /error audit events cannot be copied.*ENOSPC/.test(hub.log), {
        what: 'the complaint',
        context: () => hub.log,
      })
      assert.match(await hub.runOk('mezctl status'), /Audit sink: .* behind: ENOSPC/)
      rmSync(filler)
      const last = await newest(hub)
      await waitForCopy(() => readFileSync(file, 'utf8'), last, hub)
      assert.match(hub.log, /audit events are copied again/)
      assert.deepEqual(sequencesOf(readFileSync(file, 'utf8')), range(1, last))
      await verifyFile(hub, directory, file)
    })
  })
})

it('audit ls --follow goes on over a restart of the hub, with nothing missing or twice', async () => {
  using directory = new TemporaryDirectory()
  await using hub = await startHub({ directory })
  await using following = startChild(
    [`${PROGRAMS}/mezctl`, 'audit', 'ls', '--follow', '--lines=1000', '--format=json'],
    { env: hub.env },
  )
  const seen = () =>
    sequencesOf(following.stdout.replaceAll('{"sequence"', '{"kind":"event","sequence"'))
  const caughtUp = async () => {
    const last = await newest(hub)
    await waitFor(() => seen().at(-1) === last, {
      what: `event ${last} to be seen`,
      context: () => following.stdout + following.stderr,
    })
  }
  await act(hub)
  await caughtUp()
  await hub.stop()
  await hub.start()
  await Promise.all([act(hub), act(hub)])
  await caughtUp()
  await hub.stop('SIGKILL')
  await hub.start()
  await act(hub)
  await caughtUp()
  assert.deepEqual(seen(), range(1, await newest(hub)))
  assert.match(
    following.stderr,
    /^Out of touch with the hub, trying again: .*\nIn touch with the hub again\.\n/,
  )
})

it('a log of a release that signed nothing is signed from the first start on, and pruned', async () => {
  using directory = new TemporaryDirectory()
  const data = directory.join('hub')
  mkdirSync(data, { mode: 0o700 })
  const store = await openSqliteStore({
    ...{ directory: data, clock: systemClock, random: systemRandom },
    ...{ pid: process.pid, uid: process.getuid?.() ?? 0 },
  })
  await addEvents(store, 3_000, systemClock.now() - 100 * DAY)
  await addEvents(store, 500, systemClock.now() - 10 * DAY)
  await store.close()

  await using hub = await startHub({ directory, flags: ['--audit-retention=90d'] })
  const pruned = await waitFor(
    async () => {
      const { stdout } = await hub.run('mezctl audit ls --type=audit.prune')
      return stdout === '' ? undefined : stdout
    },
    { what: 'the beginning of the log to be pruned' },
  )
  assert.match(pruned, /MZ8003I .* hub .* through=3000 events=3000 before=20/)
  assert.match(await hub.runOk('mezctl audit verify'), /Begins: +where the hub has pruned it\n/)
  const out = directory.join('audit.jsonl')
  await hub.runOk(`mezctl audit export --out=${out}`)
  const { begins, first } = JSON.parse(await verifyFile(hub, directory, out))
  assert.deepEqual([begins, first], ['at-anchor', 3_001])
})
