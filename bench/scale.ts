/**
 * `node bench/scale.ts`: one hub with many nodes and bots, against what is promised of it. What the
 * rows mean is told in bench/scale/README.md.
 *
 * - The agents' times and the hub's are of one clock, the machine's monotonic one.
 * - A row's ratio is of its worst run: a limit is kept always or not at all.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { formatTime, systemClock } from '../src/base/clock.ts'
import { messageOf } from '../src/base/errors.ts'
import { requirePrograms } from '../test/e2e/harness/requirements.ts'
import { measureEvaluation } from './scale/evaluation.ts'
import type { FleetSize } from './scale/fleet.ts'
import { measureHub } from './scale/measure.ts'
import { formatRows, type Row, ratioOf, rowOf } from './scale/row.ts'

const USAGE = `Usage: node bench/scale.ts [--agents N] [--bots N] [--roles N] [--wide-roles N]
                           [--label-sets N] [--quick] [--out FILE] [--hub-options TEXT]

  --agents N      nodes, each with a connected agent (2000)
  --bots N        with one or two roles each (10000)
  --roles N       of the cluster (100)
  --wide-roles N  of these, how many reach every node (all); the others reach one team's
  --label-sets N  in how many sets of labels the nodes differ (60)
  --quick         fewer runs: to see that it works
  --out FILE      where the JSON goes (default: mezite-scale.json in the temporary directory)
  --hub-options TEXT  of the hub's process, such as --cpu-prof; it is slower then
`

/** For the evaluation in this process. */
const MANY_BOTS = 100_000

const { values } = parseArgs({
  options: {
    agents: { type: 'string', default: '2000' },
    bots: { type: 'string', default: '10000' },
    roles: { type: 'string', default: '100' },
    'wide-roles': { type: 'string' },
    'label-sets': { type: 'string', default: '60' },
    quick: { type: 'boolean', default: false },
    out: { type: 'string', default: join(tmpdir(), 'mezite-scale.json') },
    'hub-options': { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

async function measure(): Promise<void> {
  const { quick, 'hub-options': nodeOptions } = values
  if (values.help) {
    process.stdout.write(USAGE)
    return
  }
  requirePrograms('setpriv')
  const size: FleetSize = {
    agents: Number(values.agents),
    bots: Number(values.bots),
    roles: Number(values.roles),
    wideRoles: Number(values['wide-roles'] ?? values.roles),
    labelSets: Number(values['label-sets']),
  }
  const say = (what: string) => process.stderr.write(`${what}\n`)
  const machine = {
    ...{ processor: cpus()[0]?.model, cores: cpus().length },
    ...{ node: process.versions.node, load: loadavg()[0] },
  }
  const date = formatTime(systemClock.now())
  say('evaluating')
  const rows = [
    ...evaluationRows(size, quick ? 3 : 15),
    ...(await measureHub(size, {
      ...{ quick, say },
      nodeOptions,
    })),
  ]
  process.stdout.write(
    `${formatRows(rows)}
${date}: ${JSON.stringify(size)}
${JSON.stringify(machine)}
`,
  )
  const out = resolve(values.out)
  mkdirSync(dirname(out), { recursive: true })
  const found = rows.map((row) => ({ ...row, ratio: ratioOf(row) }))
  writeFileSync(out, `${JSON.stringify({ date, size, machine, rows: found }, null, 2)}\n`)
  say(`written to ${out}`)
}

function evaluationRows(size: FleetSize, rounds: number): readonly Row[] {
  const { first, cold, warm, groups } = measureEvaluation({ ...size, bots: MANY_BOTS }, rounds)
  const what = `${MANY_BOTS} bots x one node`
  return [
    rowOf({
      ...{ what: `${what}, first in a process`, unit: 'ms', runs: [first], limit: 100 },
      note: `${groups} sets of roles`,
    }),
    rowOf({ what: `${what}, cold`, unit: 'ms', runs: cold, limit: 100 }),
    rowOf({ what: `${what}, warm`, unit: 'ms', runs: warm, limit: 100 }),
  ]
}

try {
  await measure()
} catch (error) {
  process.stderr.write(`error: ${messageOf(error)}\n`)
  process.exitCode = 1
}
