/** One run over the whole scene: a hub that was filled before it started, and all agents on it. */
import { systemClock } from '../../src/base/clock.ts'
import { TemporaryDirectory } from '../../test/e2e/harness/directory.ts'
import { Agents, type Arrivals } from './agents.ts'
import { type Event, type Events, measureEvents } from './events.ts'
import { FIRST_ROLE, type FleetSize } from './fleet.ts'
import { type ScaleHub, startScaleHub } from './hub.ts'
import { populate } from './population.ts'
import { joinRenewingBot, type Renew, renewDuring } from './renewals.ts'
import { quantile, type Row, rowOf } from './row.ts'
import { sharedTime } from './shared-clock.ts'
import { cpuTime, memoryOf } from './usage.ts'

export interface MeasureOptions {
  readonly quick: boolean
  readonly nodeOptions: string | undefined
  readonly say: (what: string) => void
}

export async function measureHub(
  size: FleetSize,
  options: MeasureOptions,
): Promise<readonly Row[]> {
  const { quick, nodeOptions, say } = options
  using directory = new TemporaryDirectory('mezite-scale-')
  say('filling the store')
  const credentials = await populate(directory.join('hub'), size)
  const { hub: started, startMs } = await startScaleHub(directory, nodeOptions)
  await using hub = started
  const renew = await joinRenewingBot(hub, FIRST_ROLE)
  const alone = memoryOf(hub.pid)

  say('connecting the agents')
  using agents = new Agents()
  const start = sharedTime()
  const cpuBefore = cpuTime(hub.pid)
  const snapshots = await agents.connect(hub.port, credentials)
  const connectCpu = cpuTime(hub.pid) - cpuBefore
  const peak = memoryOf(hub.pid)

  say('doing nothing')
  const idleCpu = await idleCpuOf(hub, quick ? 3_000 : 20_000)
  const connected = memoryOf(hub.pid)
  const quiet = await renewDuring(renew, () => systemClock.sleep(quick ? 1_000 : 8_000))

  say('locking and editing')
  const scene = { hub, agents, size, idleCpu }
  const events = await measureEvents(scene, quick ? 2 : 9)
  const { again, busy } = await renewMeanwhile(renew, scene, quick ? 2 : 9)
  return [
    rowOf({ what: 'hub started on this store', unit: 'ms', runs: [startMs] }),
    ...connectRows(snapshots, start, connectCpu),
    ...eventRows(events),
    rowOf({
      ...{ what: 'lock reaches all, bots renewing', unit: 'ms', limit: 1_000 },
      runs: again.locks.map(({ lastAfterReturn }) => lastAfterReturn),
    }),
    rowOf({
      ...{ what: 'role edit reaches all, bots renewing', unit: 'ms', limit: 3_000 },
      runs: again.edits.map(({ lastAfterReturn }) => lastAfterReturn),
    }),
    renewalRow('renewal, agents connected', quiet),
    renewalRow('renewal, meanwhile', busy),
    rowOf({ what: 'hub, CPU when idle', unit: '%', runs: [idleCpu * 100] }),
    rowOf({ what: 'hub, RSS without agents', unit: 'MB', runs: [alone.rss], limit: 512 }),
    rowOf({ what: 'hub, RSS with agents', unit: 'MB', runs: [connected.rss], limit: 512 }),
    rowOf({
      ...{ what: 'hub, RSS at its peak', unit: 'MB', runs: [memoryOf(hub.pid).peak], limit: 512 },
      note: `${peak.peak.toFixed(0)} MB when the last agent had connected`,
    }),
  ]
}

async function renewMeanwhile(
  renew: Renew,
  scene: Parameters<typeof measureEvents>[0],
  rounds: number,
): Promise<{ readonly again: Events; readonly busy: readonly number[] }> {
  let again: Events = { locks: [], unlocks: [], edits: [] }
  const busy = await renewDuring(renew, async () => {
    again = await measureEvents(scene, rounds)
  })
  return { again, busy }
}

function connectRows({ times, bytes }: Arrivals, start: number, cpu: number): readonly [Row, Row] {
  const last = times.at(-1) ?? Number.NaN
  const kilobytes = (bytes / times.length / 1_024).toFixed(0)
  return [
    rowOf({
      ...{ what: 'all snapshots have arrived', unit: 'ms', runs: [last - start] },
      note: `${kilobytes} KB each, ${(bytes / 2 ** 20).toFixed(0)} MB together`,
    }),
    rowOf({ what: 'hub, CPU of one connect', unit: 'ms', runs: [cpu / times.length] }),
  ]
}

function eventRows({ locks, unlocks, edits }: Events): readonly Row[] {
  return [
    ...rowsOfEvent('lock', locks, 1_000),
    ...rowsOfEvent('unlock', unlocks, 1_000),
    ...rowsOfEvent('role edit', edits, 3_000),
  ]
}

function rowsOfEvent(name: string, events: readonly Event[], limit: number): readonly Row[] {
  const runsOf = (figure: keyof Event) => events.map((event) => event[figure])
  return [
    rowOf({
      ...{ what: `${name} reaches all, after mezctl`, unit: 'ms', limit },
      runs: runsOf('lastAfterReturn'),
      note: `${quantile(runsOf('size'), 0.5).toFixed(1)} KB to each agent`,
    }),
    rowOf({
      ...{ what: `${name}, first agent to last`, unit: 'ms', limit },
      runs: runsOf('spread'),
    }),
    rowOf({ what: `${name}, hub's CPU`, unit: 'ms', runs: runsOf('cpu') }),
  ]
}

function renewalRow(what: string, times: readonly number[]): Row {
  const p99 = quantile(times, 0.99)
  return rowOf({
    what,
    unit: 'ms',
    runs: times,
    note: `p99 ${p99.toFixed(0)} ms of ${times.length}`,
  })
}

/** The share of a core. */
async function idleCpuOf({ pid }: ScaleHub, milliseconds: number): Promise<number> {
  const start = systemClock.monotonic()
  const before = cpuTime(pid)
  await systemClock.sleep(milliseconds)
  return (cpuTime(pid) - before) / (systemClock.monotonic() - start)
}
