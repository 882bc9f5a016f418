/**
 * `npm run bench`: every figure of Mezite's budget, each beside a limit that is measured in the same
 * run, as a ratio. What the rows mean is told in bench/README.md.
 *
 * - A row is the median of several runs, which take turns with those of its limit.
 * - Figures of two machines, or of two runs, aren't comparable; their ratios nearly are.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { formatTime, systemClock } from '../src/base/clock.ts'
import { messageOf } from '../src/base/errors.ts'
import { requirePrograms } from '../test/e2e/harness/requirements.ts'
import { describeMachine, measureNoise } from './measure/machine.ts'
import { formatPercent, formatRows } from './report/table.ts'
import { isWithin, type Row } from './row.ts'
import { BENCHES } from './rows/all.ts'

const USAGE = `Usage: npm run bench -- [--quick] [--only NAME]... [--out FILE] [--profile DIR]

  --quick        fewer and shorter runs: to see that it works
  --only NAME    ${BENCHES.map(({ name }) => name).join(', ')}
  --out FILE     where the JSON goes (default: mezite-bench.json in the temporary directory)
  --profile DIR  have the hub of "renewals" write its CPU profile there; it is slower then
`

interface Finding extends Row {
  readonly bench: string
  /** How uneven the machine was just before and just after. */
  readonly noise: number
  readonly within: boolean | undefined
}

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    out: { type: 'string', default: join(tmpdir(), 'mezite-bench.json') },
    profile: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

async function measure(): Promise<void> {
  const { quick, only, profile } = values
  const chosen = BENCHES.filter(({ name }) => only === undefined || only.includes(name))
  if (values.help || chosen.length === 0) {
    process.stdout.write(USAGE)
    return
  }
  requirePrograms('sshd', 'ssh', 'setpriv')
  const machine = describeMachine()
  const date = formatTime(systemClock.now())
  const profileDirectory = profile === undefined ? undefined : resolve(profile)
  const findings: Finding[] = []
  for (const { name, run } of chosen) {
    process.stderr.write(`measuring ${name}\n`)
    const before = measureNoise()
    const rows = await run({ quick, profileDirectory })
    const noise = Math.max(before, measureNoise())
    findings.push(...rows.map((row) => ({ ...row, bench: name, noise, within: isWithin(row) })))
  }
  const noises = findings.map(({ noise }) => noise)
  process.stdout.write(
    `${formatRows(findings)}
Node ${machine.node}, ${machine.ssh}, ${machine.cores} x ${machine.processor}, load ${machine.load.toFixed(1)} at the start
Uneven by ±${formatPercent(Math.max(...noises))} at most in doing the same work; doubt ratios that vary more than their neighbours.
`,
  )
  const out = resolve(values.out)
  mkdirSync(dirname(out), { recursive: true })
  writeFileSync(out, `${JSON.stringify({ date, quick, machine, rows: findings }, null, 2)}\n`)
  process.stderr.write(`written to ${out}\n`)
}

try {
  await measure()
} catch (error) {
  process.stderr.write(`error: ${messageOf(error)}\n`)
  process.exitCode = 1
}
