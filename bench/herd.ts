/**
 * `node bench/herd.ts`: a hub that comes back from an outage to bots whose renewals are all due. What
 * the rows mean is told in bench/herd/README.md.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { SLOT } from '../src/auth/renewal-times.ts'
import { formatTime, systemClock } from '../src/base/clock.ts'
import { messageOf } from '../src/base/errors.ts'
import { TemporaryDirectory } from '../test/e2e/harness/directory.ts'
import { requirePrograms } from '../test/e2e/harness/requirements.ts'
import { freeAddress } from '../test/fakes/tls.ts'
import { listDuring, type Waits } from './herd/administrator.ts'
import { Bots, type Outcome } from './herd/bots.ts'
import { type HerdSize, populate } from './herd/population.ts'
import { startScaleHub } from './scale/hub.ts'
import { formatRows, quantile, type Row, ratioOf, rowOf } from './scale/row.ts'
import { sharedTime } from './scale/shared-clock.ts'
import { cpuTime, memoryOf } from './scale/usage.ts'

const USAGE = `Usage: node bench/herd.ts [--bots N] [--left SECONDS] [--addresses N]
                          [--outage SECONDS] [--no-watch] [--out FILE] [--hub-options TEXT]

  --bots N            whose renewals are all due (10000)
  --left SECONDS      of each certificate's life when the hub is back (300)
  --addresses N       from which they connect: each from its own (10000), 1: all behind one
  --outage SECONDS    how long they try in vain before (20)
  --no-watch          they only renew; daemons also watch their surroundings
  --out FILE          where the JSON goes (default: mezite-herd.json in the temporary directory)
  --hub-options TEXT  of the hub's process, such as --cpu-prof; it is slower then
`

const PROCESSES = 2
/** After the last renewal: watches find their places. */
const REPORT_EVERY_MS = 5_000
/** Beyond the end of the certificates. */
const PATIENCE_MS = 30_000
const AFTERWARDS_MS = 5_000
const QUIET_MS = 10_000

const { values } = parseArgs({
  options: {
    bots: { type: 'string', default: '10000' },
    left: { type: 'string', default: '300' },
    addresses: { type: 'string', default: '10000' },
    outage: { type: 'string', default: '20' },
    'no-watch': { type: 'boolean', default: false },
    out: { type: 'string', default: join(tmpdir(), 'mezite-herd.json') },
    'hub-options': { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

async function measure(): Promise<void> {
  if (values.help) {
    process.stdout.write(USAGE)
    return
  }
  requirePrograms('setpriv')
  const outageMs = Number(values.outage) * 1_000
  const size: HerdSize = {
    bots: Number(values.bots),
    leftMs: Number(values.left) * 1_000,
    addresses: Number(values.addresses),
  }
  const say = (what: string) => process.stderr.write(`${what}\n`)
  const machine = {
    ...{ processor: cpus()[0]?.model, cores: cpus().length },
    ...{ node: process.versions.node, load: loadavg()[0] },
  }
  const date = formatTime(systemClock.now())
  using directory = new TemporaryDirectory('mezite-herd-')
  say('filling the store')
  const members = await populate(directory.join('hub'), size)
  const { port } = await freeAddress()
  using bots = new Bots(PROCESSES)
  say('the bots try')
  await bots.begin(members, {
    port,
    leftMs: size.leftMs + outageMs,
    watches: !values['no-watch'],
  })
  await systemClock.sleep(outageMs)
  say('the hub is back')
  const { hub: started } = await startScaleHub(directory, values['hub-options'], port)
  await using hub = started
  const start = sharedTime()
  const cpuBefore = cpuTime(hub.pid)
  let outcome: Outcome | undefined
  let cpu = 0
  let wall = 0
  const waits = await listDuring(hub, async () => {
    const end = start + size.leftMs + PATIENCE_MS
    do {
      outcome = await bots.outcome(REPORT_EVERY_MS)
      const { renewals, missing, watching } = outcome
      say(`${renewals.length} renewed, ${missing} to go, ${watching} watching`)
    } while (outcome.missing > 0 && sharedTime() < end)
    cpu = cpuTime(hub.pid) - cpuBefore
    wall = sharedTime() - start
  })
  await systemClock.sleep(AFTERWARDS_MS)
  const after = await bots.outcome(0)
  bots[Symbol.dispose]()
  await systemClock.sleep(AFTERWARDS_MS)
  const quiet = await listDuring(hub, () => systemClock.sleep(QUIET_MS))
  if (outcome === undefined) throw new Error('the bots have ended')
  const rows = [
    ...renewalRows(outcome, start),
    ...waitRows(waits),
    rowOf({ what: 'mezctl bots ls, without them', unit: 'ms', runs: quiet.commands }),
    ...spreadRows(outcome, start),
    rowOf({ what: 'hub, CPU meanwhile', unit: '%', runs: [(cpu / wall) * 100] }),
    rowOf({ what: 'hub, RSS at its peak', unit: 'MB', runs: [memoryOf(hub.pid).peak], limit: 512 }),
  ]
  process.stdout.write(
    `${formatRows(rows)}
watching afterwards: ${after.watching}
failures while the hub was there: ${JSON.stringify(after.failures, null, 2)}
${date}: ${JSON.stringify({ ...size, outageMs, watches: !values['no-watch'] })}
${JSON.stringify(machine)}
`,
  )
  const out = resolve(values.out)
  mkdirSync(dirname(out), { recursive: true })
  const found = rows.map((row) => ({ ...row, ratio: ratioOf(row) }))
  writeFileSync(out, `${JSON.stringify({ date, size, machine, rows: found }, null, 2)}\n`)
  say(`written to ${out}`)
}

function renewalRows({ renewals, missing }: Outcome, start: number): readonly Row[] {
  const leastLeft = Math.min(...renewals.map(({ leftMs }) => leftMs))
  const expired = missing + renewals.filter(({ leftMs }) => leftMs <= 0).length
  return [
    rowOf({
      ...{ what: 'renewed after', unit: 'ms', runs: renewals.map(({ at }) => at - start) },
      note: `${expired} of ${renewals.length + missing} expired; the closest had ${(leastLeft / 1_000).toFixed(0)} s left; ${Math.max(...renewals.map(({ attempts }) => attempts))} attempts at most`,
    }),
  ]
}

function waitRows({ commands, calls }: Waits): readonly Row[] {
  const p99 = (runs: readonly number[]) => quantile(runs, 0.99)
  return [
    rowOf({
      ...{ what: 'mezctl bots ls, p99', unit: 'ms', runs: [p99(commands)], limit: 1_000 },
      note: `${commands.length} times; median ${quantile(commands, 0.5).toFixed(0)} ms, worst ${Math.max(...commands).toFixed(0)} ms`,
    }),
    rowOf({ what: 'ListBots, p99', unit: 'ms', runs: [p99(calls)], note: `${calls.length} times` }),
    rowOf({ what: 'ListBots', unit: 'ms', runs: calls }),
  ]
}

/** How many come in the fullest slot, this time and the next. */
function spreadRows({ renewals }: Outcome, start: number): readonly Row[] {
  const now = renewals.map(({ at }) => at - start)
  const next = renewals.flatMap(({ at, suggestedInMs }) =>
    suggestedInMs === undefined ? [] : [at - start + suggestedInMs],
  )
  return [
    rowOf({
      ...{ what: 'next renewals, in s from now', unit: 'ms', runs: next },
      note: `${next.length} suggested; in the fullest ${SLOT / 1_000} s ${peak(now)} renewed, and ${peak(next)} will`,
    }),
  ]
}

function peak(times: readonly number[]): number {
  const counts = new Map<number, number>()
  for (const time of times) {
    const slot = Math.floor(time / SLOT)
    counts.set(slot, (counts.get(slot) ?? 0) + 1)
  }
  return Math.max(0, ...counts.values())
}

try {
  await measure()
} catch (error) {
  process.stderr.write(`error: ${messageOf(error)}\n`)
  process.exitCode = 1
}
