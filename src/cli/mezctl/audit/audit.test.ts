import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { addEvents, tamper } from '../../../../test/fakes/audit-events.ts'
import { CHECKPOINT_NAMESPACE } from '../../../auth/audit-checkpoint.ts'
import { runInTest, type TestResult } from '../../testing/run-in-test.ts'
import { mezctl } from '../program.ts'
import { checkedRuns } from '../testing/checked-runs.ts'
import { startNetworkTestHub, type TestHub } from '../testing/test-hub.ts'

let hub: TestHub
let directory: string
before(async () => {
  hub = await startNetworkTestHub()
  directory = await mkdtemp(join(tmpdir(), 'mezite-audit-'))
})
after(async () => {
  await hub[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

const { run, runJson, refusal } = checkedRuns(() => hub)
const path = (name: string) => join(directory, name)
const store = () => hub.auth.context.store
const newest = async () => (await store().audit.head()).sequence

/** Far from any hub. */
const elsewhere = (...argv: readonly string[]): Promise<TestResult> =>
  runInTest(mezctl, argv, { cwd: directory })

async function keep(name: string, ...argv: readonly string[]): Promise<string> {
  const file = path(name)
  await writeFile(file, await run(...argv))
  return file
}

describe('audit ls', () => {
  it('finds events by what they are about', async () => {
    await addEvents(store(), 3)
    const sequences = async (...argv: readonly string[]) =>
      (await runJson('audit', 'ls', ...argv)).map((event: { sequence: number }) => event.sequence)
    const last = await newest()
    assert.deepEqual(await sequences('--type=role.update', '--limit=2'), [last, last - 1])
    assert.deepEqual(await sequences('--actor=hub', '--type=audit.start'), [4])
    assert.deepEqual(await sequences('--node=web-1'), [])
    assert.deepEqual(await sequences('--session=web-1/7'), [])
    assert.deepEqual(await sequences('--outcome=refused'), [])
    assert.deepEqual(await refusal('audit', 'ls', '--type=bot.fly'), {
      exit: 2,
      code: 'invalid-request',
    })
  })

  it('brings them page by page, as one table or one JSON array', async () => {
    await addEvents(store(), 1_200)
    const all = await runJson('audit', 'ls', '--all')
    assert.equal(all.length, await newest())
    const table = await run('audit', 'ls', '--all')
    assert.equal(table.trimEnd().split('\n').length, all.length + 1)
    assert.match(table, /^TIME +CODE +TYPE +OUTCOME +ACTOR +ADDRESS +DETAILS\n/)
    const { stdout, stderr } = await hub.mezctl(['audit', 'ls', '--limit=2'])
    assert.equal(stdout.split('\n').length, 4)
    assert.match(stderr, /^There may be older events: --before=\d+\n$/)
    const none = await hub.mezctl(['audit', 'ls', '--bot=nobody'])
    assert.deepEqual([none.code, none.stdout, none.stderr], [0, '', 'No such events.\n'])
    assert.deepEqual(await runJson('audit', 'ls', '--bot=nobody'), [])
  })

  it('follows', async () => {
    const stopping = new AbortController()
    const following = hub.mezctl(['audit', 'ls', '--follow', '-n', '2', '--format=json'], {
      signal: stopping.signal,
    })
    const from = await newest()
    // It listens from some moment on; whatever that is, nothing is missing.
    for (let round = 0; round < 5; round++) {
      await addEvents(store(), 2)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    await new Promise((resolve) => setTimeout(resolve, 400))
    stopping.abort()
    const { stdout } = await following
    const seen = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).sequence)
    const first = seen[0] ?? 0
    assert.ok(first <= from + 1)
    assert.deepEqual(
      seen,
      Array.from({ length: (await newest()) - first + 1 }, (_, index) => first + index),
    )
    assert.deepEqual(await refusal('audit', 'ls', '--follow', '--all'), { exit: 2, code: 'usage' })
  })
})

describe('audit export and verify', () => {
  it('prove the whole log on another machine, with the key alone', async () => {
    const key = await keep('key.pub', 'audit', 'key')
    const out = path('audit.jsonl')
    const last = await newest()
    assert.equal(
      await run('audit', 'export', `--out=${out}`),
      `Exported: ${last} events up to ${last}, to ${out}\n`,
    )
    assert.equal((await stat(out)).mode & 0o777, 0o600)
    assert.equal(await readFile(out, 'utf8'), await run('audit', 'export'))
    const { code, stdout } = await elsewhere('audit', 'verify', out, `--public-key=${key}`)
    assert.equal(code, 0)
    assert.match(stdout, /^The audit log is as the hub wrote it\.\n\nEvents: +\d+, 1 to \d+\n/)
    const json = await elsewhere('audit', 'verify', out, '--public-key', key, '--format=json')
    assert.deepEqual(JSON.parse(json.stdout), {
      ...{ valid: true, begins: 'at-first-event', first: 1, last, events: last },
      checkpoints: JSON.parse(json.stdout).checkpoints,
      ...{ signed_through: last, signed_at: JSON.parse(json.stdout).signed_at },
    })
    const needed = await elsewhere('audit', 'verify', out)
    assert.equal(needed.code, 2)
    assert.match(needed.stderr, /hint: .*--public-key/)
  })

  it('prove a part of it, and name what was done to it', async () => {
    const key = path('key.pub')
    const out = path('part.jsonl')
    await run('audit', 'export', '--after=100', `--out=${out}`)
    const verify = () => elsewhere('audit', 'verify', out, '--public-key', key, '--format=json')
    assert.equal(JSON.parse((await verify()).stdout).begins, 'within')
    const text = await readFile(out, 'utf8')
    for (const [changed, code, sequence] of [
      [text.replace('"sequence":150,', '"sequence":150, '), 'malformed', 150],
      [text.replace(/(?<="sequence":150,.*)"actor":"local"/, '"actor":"hub"'), 'altered', 150],
      [text.replace(/\{"kind":"event","version":1,"sequence":150,.*\n/, ''), 'missing', 150],
      [text.slice(0, text.indexOf('{"kind":"event","version":1,"sequence":150,')), 'missing', 150],
      [text.trimEnd(), 'malformed', (await newest()) + 1],
    ] as const) {
      assert.notEqual(changed, text)
      await writeFile(out, changed)
      const { code: exit, stderr, stdout } = await verify()
      const { error } = JSON.parse(stderr)
      assert.deepEqual([exit, stdout, error.code, error.sequence], [8, '', code, sequence])
      const piped = await runInTest(mezctl, ['audit', 'verify', '-', '--public-key', key], {
        input: changed,
      })
      assert.equal(piped.code, 8)
    }
    assert.deepEqual(await refusal('audit', 'export', '--after=9999999'), {
      exit: 2,
      code: 'invalid-request',
    })
    assert.deepEqual(await refusal('audit', 'export', '--out=/proc/none/x'), {
      exit: 7,
      code: 'file-unwritable',
    })
  })

  it('of the hub itself, against its key and a checkpoint that was kept', async () => {
    const key = path('key.pub')
    const checkpoint = await keep('checkpoint', 'audit', 'checkpoint')
    await addEvents(store(), 5)
    const verified = await runJson('audit', 'verify', '--checkpoint', checkpoint)
    assert.deepEqual(
      [verified.valid, verified.last, verified.signed_through],
      [true, await newest(), await newest()],
    )
    await run('audit', 'verify', '--public-key', key)
    const other = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path('other')])
    assert.equal(other.status, 0)
    assert.deepEqual(await refusal('audit', 'verify', '--public-key', path('other.pub')), {
      exit: 8,
      code: 'unknown-key',
    })
    assert.deepEqual(await refusal('audit', 'verify', '--checkpoint', key), {
      exit: 8,
      code: 'malformed',
    })
  })

  it('give a checkpoint that ssh-keygen can verify', async () => {
    const text = await readFile(path('checkpoint'), 'utf8')
    const split = text.indexOf('\n\n') + 1
    await writeFile(path('statement.sig'), text.slice(split + 1))
    const key = await readFile(path('key.pub'), 'utf8')
    await writeFile(path('signers'), `hub ${key}`)
    const verify = (input: string) =>
      spawnSync(
        'ssh-keygen',
        [
          ...['-Y', 'verify', '-n', CHECKPOINT_NAMESPACE, '-I', 'hub'],
          ...['-f', path('signers'), '-s', path('statement.sig')],
        ],
        { input },
      ).status
    const statement = text.slice(0, split)
    assert.match(
      statement,
      /^mezite audit checkpoint v1\ncluster \S+\nsequence \d+\nhash [0-9a-f]{64}\n/,
    )
    assert.equal(verify(statement), 0)
    assert.notEqual(verify(statement.replace('sequence ', 'sequence 1')), 0)
  })

  it('find a store that somebody has changed; what is there can be exported as evidence', async () => {
    await addEvents(store(), 3)
    const last = await newest()
    tamper(
      join(hub.directory, 'hub.db'),
      `UPDATE audit_events SET actor = 'hub' WHERE sequence = ${last - 1}`,
    )
    const { code, stderr } = await hub.mezctl(['audit', 'verify', '--format=json'])
    const { error } = JSON.parse(stderr)
    assert.deepEqual([code, error.code, error.sequence], [8, 'altered', last - 1])
    assert.deepEqual(await refusal('audit', 'checkpoint'), { exit: 8, code: 'audit-damaged' })
    const evidence = path('evidence.jsonl')
    const exported = await hub.mezctl(['audit', 'export', `--out=${evidence}`])
    assert.equal(exported.code, 8)
    assert.match(exported.stderr, /its end is not signed/)
    const verified = await elsewhere('audit', 'verify', evidence, '--public-key', path('key.pub'))
    assert.match(verified.stderr, RegExp(`^error: event ${last - 1} was altered`))
    const status = await runJson('status')
    assert.match(status.audit.damage, /was altered/)
    assert.match(await run('status'), /Audit events: +\d+; damaged: event/)
  })
})
