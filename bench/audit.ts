/**
 * `node bench/audit.ts`: a hub whose audit log has a million events: pages of it, its verification, and
 * acts while its beginning is pruned. What the rows mean is told in bench/README.md.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { formatTime, SECOND, systemClock } from '../src/base/clock.ts'
import { messageOf } from '../src/base/errors.ts'
import { openAdminClient } from '../src/client/admin-client.ts'
import { TemporaryDirectory } from '../test/e2e/harness/directory.ts'
import { requirePrograms } from '../test/e2e/harness/requirements.ts'
import { fillLog } from './audit/log.ts'
import { measurePages } from './audit/pages.ts'
import { write } from './audit/writers.ts'
import { cpuOfEnded, cpuTime } from './measure/process.ts'
import { formatRows, quantile, type Row, ratioOf, rowOf } from './scale/row.ts'
import { type BenchHub, startBenchHub } from './scene/hub.ts'

const USAGE = `Usage: node bench/audit.ts [--events N] [--quick] [--out FILE]

  --events N  in the log (1000000)
  --quick     fewer events and runs: to see that it works
  --out FILE  where the JSON goes (default: mezite-audit.json in the temporary directory)
`

const { values } = parseArgs({
  options: {
    events: { type: 'string' },
    quick: { type: 'boolean', default: false },
    out: { type: 'string', default: join(tmpdir(), 'mezite-audit.json') },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

/** Half of the log is older. */
const RETENTION = '20d'
const VERIFIED_PER_SECOND = 100_000
/** Percent. */
const MOST_LOST = 50

async function measure(): Promise<void> {
  const { quick } = values
  if (values.help) {
    process.stdout.write(USAGE)
    return
  }
  requirePrograms('setpriv')
  const say = (what: string) => process.stderr.write(`${what}\n`)
  const events = Number(values.events ?? (quick ? 50_000 : 1_000_000))
  const machine = {
    ...{ processor: cpus()[0]?.model, cores: cpus().length },
    ...{ node: process.versions.node, load: loadavg()[0] },
  }
  const date = formatTime(systemClock.now())
  using directory = new TemporaryDirectory('mezite-bench-')
  say(`writing ${events} events`)
  await fillLog(directory.join('hub'), events)
  const writeMs = (quick ? 3 : 20) * SECOND
  const rows: Row[] = []
  let before: readonly number[]
  {
    await using hub = await startBenchHub({ directory })
    say('asking for pages')
    rows.push(...(await measurePages(hub.socket, events, quick ? 3 : 9)))
    say('verifying')
    rows.push(...(await measureVerification(hub, events, quick ? 1 : 2)))
    say('writing')
    before = await write(hub.socket, writeMs)
  }
  {
    const flags = [`--audit-retention=${RETENTION}`]
    await using hub = await startBenchHub({ directory, flags })
    say('writing while events are pruned')
    const during = await write(hub.socket, writeMs)
    rows.push(...writeRows(before, during, await prunedEvents(hub)))
  }
  process.stdout.write(
    `${formatRows(rows)}\n${date}: ${events} events\n${JSON.stringify(machine)}\n`,
  )
  const out = resolve(values.out)
  mkdirSync(dirname(out), { recursive: true })
  const found = rows.map((row) => ({ ...row, ratio: ratioOf(row) }))
  writeFileSync(out, `${JSON.stringify({ date, events, machine, rows: found }, null, 2)}\n`)
  say(`written to ${out}`)
}

async function measureVerification(
  hub: BenchHub,
  events: number,
  rounds: number,
): Promise<readonly Row[]> {
  const file = hub.directory.join('log.jsonl')
  const key = hub.directory.join('audit.pub')
  await hub.mezctl('audit', 'export', `--out=${file}`)
  writeFileSync(key, await hub.mezctl('audit', 'key'))
  const inHub: Cost[] = []
  const offline: Cost[] = []
  for (let round = 0; round < rounds; round++) {
    inHub.push(
      await costOf(
        () => verifyInHub(hub),
        () => cpuTime(hub.pid).process,
      ),
    )
    offline.push(
      await costOf(() => hub.mezctl('audit', 'verify', file, `--public-key=${key}`), cpuOfEnded),
    )
  }
  const limit = (events / VERIFIED_PER_SECOND) * SECOND
  const row = (what: string, runs: readonly number[]) => {
    const rate = Math.round((events / Math.max(...runs)) * SECOND)
    return rowOf({ what, unit: 'ms', runs, limit, note: `${rate} events/s at the worst` })
  }
  return [
    { what: 'the log verified in the hub', costs: inHub },
    { what: 'an export verified, a whole process', costs: offline },
  ].flatMap(({ what, costs }) => [
    row(
      `${what}, by the clock`,
      costs.map(({ clock }) => clock),
    ),
    row(
      `${what}, by its CPU time`,
      costs.map(({ cpu }) => cpu),
    ),
  ])
}

/** Milliseconds. */
interface Cost {
  readonly clock: number
  readonly cpu: number
}

async function costOf(act: () => Promise<unknown>, cpuSeconds: () => number): Promise<Cost> {
  const [start, cpu] = [systemClock.monotonic(), cpuSeconds()]
  await act()
  return { clock: systemClock.monotonic() - start, cpu: (cpuSeconds() - cpu) * SECOND }
}

async function verifyInHub({ socket }: BenchHub): Promise<void> {
  const admin = await openAdminClient({ kind: 'unix', path: socket })
  try {
    for await (const _ of admin.audit.verifyLog({})) {
      // Its progress, and what it found at last.
    }
  } finally {
    admin.close()
  }
}

function writeRows(
  before: readonly number[],
  during: readonly number[],
  pruned: string,
): readonly Row[] {
  const note = `${before.length} acts without, ${during.length} in the same time with; ${pruned}`
  const lost = 100 * (1 - during.length / before.length)
  return [
    timesOf('an act, nothing is pruned', before),
    timesOf('an act while events are pruned', during),
    rowOf({ what: 'acts that pruning costs', unit: '%', runs: [lost], limit: MOST_LOST, note }),
  ]
}

/** Of all acts, the one in the middle, and the one that a hundredth of them took longer than. */
function timesOf(what: string, acts: readonly number[]): Row {
  const runs = [0.5, 0.5, 0.99].map((share) => quantile(acts, share))
  return rowOf({ what: `${what}; the worst of 99 %`, unit: 'ms', runs })
}

/** What the hub says that it has pruned. */
async function prunedEvents(hub: BenchHub): Promise<string> {
  const text = await hub.mezctl('audit', 'ls', '--type=audit.prune', '--limit=1', '--format=json')
  const [event]: { fields: { events: string } }[] = JSON.parse(text)
  if (event === undefined) throw new Error('the hub has pruned nothing')
  return `${event.fields.events} events pruned`
}

try {
  await measure()
} catch (error) {
  process.stderr.write(`error: ${messageOf(error)}\n`)
  process.exitCode = 1
}
