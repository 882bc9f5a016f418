/** The same acts at a hub with few bots and at one with many: neither may notice the number. */

import { systemClock } from '../../src/base/clock.ts'
import { type AdminClient, openAdminClient } from '../../src/client/admin-client.ts'
import { TemporaryDirectory } from '../../test/e2e/harness/directory.ts'
import { CHECKOUT } from '../../test/e2e/harness/run.ts'
import { aim } from '../load/battery.ts'
import { commandTime } from '../measure/command-time.ts'
import { interleavePair } from '../measure/interleave.ts'
import { sampleOf } from '../measure/sample.ts'
import { type Bench, type Row, rowOf, type Unit } from '../row.ts'
import { type BenchHub, startBenchHub } from '../scene/hub.ts'
import { botName, populate } from '../scene/population.ts'
import { joinSubjects } from '../scene/subjects.ts'

const FEW = 100
/** Enough that none renews more often than it may. */
const SUBJECTS = 512
/** A page of `mezctl bots ls`. */
const PAGE = 50
const CALLS = 40

export const population: Bench = {
  name: 'population',
  async run({ quick }) {
    const many = quick ? 10_000 : 100_000
    await using fewBots = await hubWith(FEW)
    await using manyBots = await hubWith(many)
    const rounds = quick ? 3 : 9
    const compare = async (
      what: string,
      unit: Unit,
      measure: (hub: BenchHub, bots: number) => number | Promise<number>,
      times = rounds,
    ): Promise<Row> => {
      const pair = await interleavePair(
        times,
        () => measure(manyBots.hub, many),
        () => measure(fewBots.hub, FEW),
      )
      const against = `the same at a hub with ${FEW} bots`
      return rowOf({ what: `${what}, ${many} bots`, unit, against, ...pair, budget: { atMost: 2 } })
    }
    const list = ['bots', 'ls', `--limit=${PAGE}`]
    return [
      await compare('mezctl bots ls, a page', 'ms', ({ env }) =>
        commandTime([`${CHECKOUT}/bin/mezctl`, ...list], { env }),
      ),
      await compare('ListBots, the first page', 'ms', (hub) =>
        callTime(hub, ({ bots }) => bots.listBots({ pageSize: PAGE })),
      ),
      await compare('ListBots, a page from the middle', 'ms', (hub, bots) => {
        const pageToken = Buffer.from(botName(bots / 2)).toString('base64url')
        return callTime(hub, (admin) => admin.bots.listBots({ pageSize: PAGE, pageToken }))
      }),
      await compare('GetStatus', 'ms', (hub) =>
        callTime(hub, ({ status }) => status.getStatus({})),
      ),
      await compareRenewals(fewBots.hub, manyBots.hub, many, quick),
    ]
  },
}

async function compareRenewals(
  few: BenchHub,
  many: BenchHub,
  bots: number,
  quick: boolean,
): Promise<Row> {
  const how = { keepsConnections: true }
  using atFew = await aim({ ...(await joinSubjects(few, 'bench', SUBJECTS)), ...how }, few.pid)
  using atMany = await aim({ ...(await joinSubjects(many, 'bench', SUBJECTS)), ...how }, many.pid)
  const milliseconds = quick ? 1_000 : 2_000
  const pair = await interleavePair(
    quick ? 2 : 5,
    async () => (await atMany.fire(milliseconds)).cpuPerCall,
    async () => (await atFew.fire(milliseconds)).cpuPerCall,
  )
  return rowOf({
    what: `CPU of a renewal, kept connection, ${bots} bots`,
    unit: 'us',
    against: `the same at a hub with ${FEW} bots`,
    ...pair,
    budget: { atMost: 2 },
  })
}

interface PopulatedHub extends AsyncDisposable {
  readonly hub: BenchHub
}

async function hubWith(bots: number): Promise<PopulatedHub> {
  const directory = new TemporaryDirectory('mezite-bench-')
  await populate(directory.join('hub'), bots)
  const hub = await startBenchHub({ directory })
  return {
    hub,
    async [Symbol.asyncDispose]() {
      await hub[Symbol.asyncDispose]()
      directory[Symbol.dispose]()
    },
  }
}

/** Milliseconds of a call on a connection that stands: the median of some. */
async function callTime(
  { socket }: BenchHub,
  call: (admin: AdminClient) => Promise<unknown>,
): Promise<number> {
  const admin = await openAdminClient({ kind: 'unix', path: socket })
  try {
    await call(admin)
    const times: number[] = []
    for (let made = 0; made < CALLS; made++) {
      const start = systemClock.monotonic()
      await call(admin)
      times.push(systemClock.monotonic() - start)
    }
    return sampleOf(times).median
  } finally {
    admin.close()
  }
}
