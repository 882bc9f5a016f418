/** The kills would notice: each check fails on what it is there for. */
import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { openHere } from '../../contract/sqlite-place.ts'
import { apply, event, role } from '../../contract/store-samples.ts'
import { TemporaryDirectory } from '../../e2e/harness/directory.ts'
import { PROGRAMS, run, runOk } from '../../e2e/harness/run.ts'
import { waitFor } from '../../e2e/harness/wait.ts'
import { WRITING_CALLS } from '../strace-log.ts'
import { AuditWatch } from './audit-watch.ts'
import { checkPublished, PairWatch } from './pair-watch.ts'
import { sqlitePlace } from './place.ts'
import { choosePoints, seeded } from './plan.ts'
import { formatPoint, fromPointPath, type Point, parsePoint, toPointPath } from './point.ts'
import { RecordSplitter } from './record-proxy.ts'
import { expectOnly } from './world.ts'

describe('the watch over the audit log', () => {
  /** A store with three events, of which the watch has seen two. */
  async function scene(directory: TemporaryDirectory, spoil: string) {
    const watch = new AuditWatch()
    const check = () => sqlitePlace.read(directory.path, ({ audit }) => watch.check(audit))
    chmodSync(directory.path, 0o700)
    const store = await openHere(directory.path)
    for (const name of ['a', 'b']) await apply(store, { kind: 'insert-role', role: role({ name }) })
    await check()
    await apply(store, { kind: 'insert-role', role: role({ name: 'c' }) })
    await store.close()
    const database = new DatabaseSync(directory.join('hub.db'))
    database.exec(spoil)
    database.close()
    return { check, watch }
  }

  it('takes a log that goes on', async () => {
    using directory = new TemporaryDirectory()
    const { check, watch } = await scene(directory, '')
    await check()
    assert.equal(
      watch.count(event().type, () => true),
      3,
    )
  })

  for (const [spoil, message] of [
    ['DELETE FROM audit_events WHERE sequence = 2', /event 2 is gone/],
    ['DELETE FROM audit_events WHERE sequence >= 2', /event 2 is gone/],
    ["UPDATE audit_events SET hash = x'00' WHERE sequence = 2", /event 2 is gone/],
    ["UPDATE audit_events SET actor = 'me' WHERE sequence = 3", /broken at event 3/],
    ['UPDATE audit_events SET sequence = 4 WHERE sequence = 3', /event 3 is missing/],
  ] as const) {
    it(`fails after ${spoil}`, async () => {
      using directory = new TemporaryDirectory()
      const { check } = await scene(directory, spoil)
      await assert.rejects(check(), { message })
    })
  }
})

describe('the watch over a destination', () => {
  /** A key with a certificate, as ssh-keygen makes them, good for an hour. */
  async function publishPair(directory: TemporaryDirectory, name: string, life = '-1m:+1h') {
    mkdirSync(directory.join(name))
    const key = directory.join(name, 'ssh_key')
    const ca = directory.join(`${name}-ca`)
    const make = (path: string) => runOk(['ssh-keygen', '-q', '-t', 'ecdsa', '-N', '', '-f', path])
    await make(ca)
    await make(key)
    await runOk(['ssh-keygen', '-q', '-s', ca, '-I', 'x', '-n', 'a', '-V', life, `${key}.pub`])
    return directory.join(name)
  }

  it('takes a pair, and neither two halves nor one that has ended', async () => {
    using directory = new TemporaryDirectory()
    const [one, other] = [
      await publishPair(directory, 'one'),
      await publishPair(directory, 'other'),
    ]
    await checkPublished(one)
    await assert.rejects(checkPublished(await publishPair(directory, 'old', '-2h:-1h')), {
      message: /not valid/,
    })
    copyFileSync(join(other, 'ssh_key-cert.pub'), join(one, 'ssh_key-cert.pub'))
    await assert.rejects(checkPublished(one), { message: /no pair/ })
  })

  for (const [what, spoil] of [
    ['another certificate', (one: string, other: string) => copyFileSync(other, one)],
    ['half a certificate', (one: string) => writeFileSync(one, 'ecdsa-sha2-nistp256-cert-v01@')],
  ] as const) {
    it(`notices ${what} while it reads`, async () => {
      using directory = new TemporaryDirectory()
      const one = await publishPair(directory, 'one')
      const other = await publishPair(directory, 'other')
      await using watch = new PairWatch(one, 'names')
      await waitFor(() => watch.pairs > 3, { what: 'the reader to read' })
      watch.check()
      spoil(join(one, 'ssh_key-cert.pub'), join(other, 'ssh_key-cert.pub'))
      await waitFor(() => fails(() => watch.check()), { what: 'the reader to notice' })
    })
  }

  it('notices what is left over', async () => {
    await expectOnly('here', () => ['a'], new Set(['a', 'b']))
    await assert.rejects(
      expectOnly('here', () => ['a', '.a.new'], new Set(['a'])),
      /\.a\.new/,
    )
  })
})

describe('the harness', () => {
  it('fails where a daemon forgets the keys that it has asked for', async () => {
    using directory = new TemporaryDirectory()
    const programs = directory.join('bin')
    mkdirSync(programs)
    const forgetful = `#!/bin/sh
      for word; do case $word in --destination=*) d=\${word#*=};; esac; done
      rm -f "$d/.state/pending-renewal.json"
      exec ${PROGRAMS}/mezd "$@"`
    writeFileSync(join(programs, 'mezd'), forgetful, { mode: 0o755 })
    writeFileSync(join(programs, 'mezhub'), `#!/bin/sh\nexec ${PROGRAMS}/mezhub "$@"`, {
      mode: 0o755,
    })
    const point = 'daemon-renewal: rename destination/.state/.identity.json.new 1'
    const program = join(import.meta.dirname, 'run.ts')
    const { code, stderr } = await run([process.execPath, program, '--only', point], {
      env: { ...process.env, MEZITE_PROGRAMS: programs } as Record<string, string>,
    })
    assert.equal(code, 1)
    assert.match(stderr, /locked|refused|gave up waiting/)
    assert.ok(stderr.includes(`npm run faults -- --only '${point}'`), stderr)
  })
})

const PLAIN = { noNullPrototype: true } as const

const anyPoint: fc.Arbitrary<Point> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('call' as const),
      call: fc.constantFrom(...WRITING_CALLS),
      path: fc.stringMatching(/^[a-z./+0-9-]{1,20}( [a-z]{1,5})?$/),
      number: fc.nat(),
    },
    PLAIN,
  ),
  fc.record(
    {
      kind: fc.constant('record' as const),
      direction: fc.constantFrom('up' as const, 'down' as const),
      number: fc.nat(),
    },
    PLAIN,
  ),
  fc.record({ kind: fc.constant('instant' as const), permille: fc.nat() }, PLAIN),
)

describe('points', () => {
  it('are read back from their text', () => {
    fc.assert(
      fc.property(anyPoint, (point) => assert.deepEqual(parsePoint(formatPoint(point)), point)),
    )
  })

  it('mean the same in a later run', () => {
    const before = { directories: { bot: '/tmp/a/bot' }, generation: 3 }
    const after = { directories: { bot: '/tmp/b/bot-7' }, generation: 41 }
    const path = toPointPath('/tmp/a/bot/.generations/4/ssh_key', before)
    assert.equal(path, 'bot/.generations/+1/ssh_key')
    assert.equal(fromPointPath(path, after), '/tmp/b/bot-7/.generations/42/ssh_key')
    assert.equal(toPointPath('/tmp/a/bottle', before), undefined)
  })

  it('are each chosen once where all are wanted, and spread where not', () => {
    const points = Array.from({ length: 97 }, (_, index) => ({
      kind: 'record' as const,
      direction: 'up' as const,
      number: index,
    }))
    const every = choosePoints({ points }, 120, true, seeded(1))
    assert.deepEqual(every.slice(0, 97), points)
    assert.ok(every.slice(97).every(({ kind }) => kind === 'instant') && every.length === 120)
    const some = choosePoints({ points }, 20, false, seeded(1))
    assert.deepEqual(some, choosePoints({ points }, 20, false, seeded(1)))
    assert.notDeepEqual(some, choosePoints({ points }, 20, false, seeded(2)))
    assert.equal(some.length, 20)
    const numbers = some.flatMap((point) => (point.kind === 'record' ? [point.number] : []))
    assert.equal(new Set(numbers).size, 17)
    assert.ok((numbers.at(-1) ?? 0) > 90 && (numbers[0] ?? 97) < 6)
  })
})

describe('records', () => {
  it('come out whole, however the bytes come in', () => {
    const anyRecord = fc.uint8Array({ maxLength: 40 }).map((body) => {
      const header = Buffer.from([23, 3, 3, 0, 0])
      header.writeUInt16BE(body.length, 3)
      return Buffer.concat([header, body])
    })
    fc.assert(
      fc.property(
        fc.array(anyRecord),
        fc.array(fc.integer({ min: 1, max: 30 })),
        (records, cuts) => {
          const splitter = new RecordSplitter()
          const bytes = Buffer.concat(records)
          const found: Buffer[] = []
          let at = 0
          for (const cut of [...cuts, bytes.length]) {
            found.push(...splitter.take(bytes.subarray(at, at + cut)))
            at += cut
          }
          assert.deepEqual(found, records)
        },
      ),
    )
  })
})

function fails(act: () => void): boolean {
  try {
    act()
    return false
  } catch {
    return true
  }
}
