/**
 * `npm run hostile`: attacks on a real hub, each for a while, and how an honest bot fares meanwhile.
 * What the columns mean, and the figures, are in bench/hostile/README.md.
 */
import { parseArgs } from 'node:util'
import { formatTime, SECOND, systemClock } from '../src/base/clock.ts'
import { messageOf } from '../src/base/errors.ts'
import { type Column, formatTable } from '../src/cli/table.ts'
import { startCluster } from '../test/e2e/harness/cluster.ts'
import { DiagnosticsClient } from '../test/e2e/harness/diagnostics.ts'
import { HonestBot } from '../test/faults/hostile/honest-bot.ts'
import { ATTACKS } from './hostile/attacks.ts'
import { type Found, Scene } from './hostile/scene.ts'
import { quantile } from './scale/row.ts'

const USAGE = `Usage: npm run hostile -- [--seconds N] [--only TEXT]

  --seconds N   that each attack lasts at least (20)
  --only TEXT   just the attacks whose name has this in it
`

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    only: { type: 'string', default: '' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

const ms = (value: number) => `${value.toFixed(0)} ms`

const COLUMNS: readonly Column<Found>[] = [
  { header: 'ATTACK', cell: ({ name }) => name },
  { header: 'CONNECTIONS', cell: ({ opened }) => String(opened) },
  { header: 'AT ONCE', cell: ({ mostOpen }) => String(mostOpen) },
  { header: 'RENEWALS', cell: ({ renewals }) => String(renewals.length) },
  { header: 'MEDIAN', cell: ({ renewals }) => ms(quantile(renewals, 0.5)) },
  { header: 'WORST', cell: ({ renewals }) => ms(Math.max(...renewals)) },
  { header: 'CPU', cell: ({ cpu }) => `${cpu.toFixed(0)} %` },
  { header: 'RSS', cell: ({ peak }) => `${peak.toFixed(0)} MB` },
  { header: 'AFTER', cell: ({ rss }) => `${rss.toFixed(0)} MB` },
]

async function measure(): Promise<void> {
  if (values.help) {
    process.stdout.write(USAGE)
    return
  }
  const say = (what: string) => process.stderr.write(`${what}\n`)
  await using cluster = await startCluster({
    logins: ['deploy'],
    hubFlags: ['--diag-addr=127.0.0.1:0'],
  })
  const { hub } = cluster
  const join = async () => await HonestBot.join(hub.port, await cluster.newToken())
  const scene = new Scene({
    ...{ hub, honest: await join(), thief: await join() },
    diagnostics: await DiagnosticsClient.find(() => hub.log),
    leastMs: Number(values.seconds) * SECOND,
  })
  const date = formatTime(systemClock.now())
  const found: Found[] = []
  for (const [name, attack] of Object.entries(ATTACKS)) {
    if (!name.includes(values.only)) continue
    say(name)
    found.push(await scene.under(name, attack))
  }
  const locks = await hub.json('mezctl locks ls')
  const told = await hub.json('mezctl audit ls --type=refusal.summary')
  process.stdout.write(
    `${formatTable(COLUMNS, found)}
closed by the hub: ${JSON.stringify(await scene.closed())}
renewals that had to be tried again: ${scene.retries}
locks: ${JSON.stringify(locks)}; summaries of refusals: ${Array.isArray(told) ? told.length : told}
${date}, Node ${process.versions.node}
`,
  )
}

try {
  await measure()
} catch (error) {
  process.stderr.write(`error: ${messageOf(error)}\n`)
  process.exitCode = 1
}
