/**
 * Renewals on one hub process, against a bare server that does the same TLS and the same
 * signatures.
 *
 * Clients, hub and kernel share the cores, and a client's handshake costs about as much as the
 * server's: a rate by the clock would tell who got the cores. So the figure is what the first
 * thread, which does all but the writing, gets done in a second of its own CPU.
 */
import { TemporaryDirectory } from '../../test/e2e/harness/directory.ts'
import { startBareServer } from '../limits/bare-server.ts'
import { aim, type Battery, type Shot } from '../load/battery.ts'
import { interleavePair, type Pair } from '../measure/interleave.ts'
import { sampleOf } from '../measure/sample.ts'
import { type Bench, type Row, rowOf } from '../row.ts'
import { startBenchHub } from '../scene/hub.ts'
import { joinSubjects } from '../scene/subjects.ts'

/** Enough that none renews more often than it may. */
const SUBJECTS = 1_024

export const renewals: Bench = {
  name: 'renewals',
  async run({ quick, profileDirectory }) {
    using directory = new TemporaryDirectory('mezite-bench-')
    await using hub = await startBenchHub({ directory, profileDirectory })
    await using bare = await startBareServer(directory, SUBJECTS)
    const rounds = quick ? 2 : 7
    const milliseconds = quick ? 1_000 : 3_000

    const compare = async (keepsConnections: boolean): Promise<Pair<Shot>> => {
      const bot = keepsConnections ? 'kept' : 'new'
      const subjects = await joinSubjects(hub, bot, SUBJECTS)
      using atHub: Battery = await aim({ ...subjects, keepsConnections }, hub.pid)
      using atBare: Battery = await aim({ ...bare.target, keepsConnections }, bare.pid)
      return await interleavePair(
        rounds,
        () => atHub.fire(milliseconds),
        () => atBare.fire(milliseconds),
      )
    }
    return [
      ...rowsOf('a new connection each', await compare(false), { rate: 0.5, cpu: 2 }),
      ...rowsOf('kept connections', await compare(true)),
    ]
  },
}

function rowsOf(
  how: string,
  { measured, limit }: Pair<Shot>,
  budgets?: { readonly rate: number; readonly cpu: number },
): readonly Row[] {
  const of = (figure: keyof Shot) => ({
    measured: measured.map((shot) => shot[figure]),
    limit: limit.map((shot) => shot[figure]),
  })
  const clock = of('callsPerSecond')
  const rate = (runs: readonly number[]) => `${Math.round(sampleOf(runs).median)}/s`
  const against = 'bare TLS 1.3 and the same signatures'
  return [
    rowOf({
      what: `renewals, ${how}`,
      unit: '/s',
      against,
      ...of('callsPerMainThreadSecond'),
      ...(budgets && { budget: { atLeast: budgets.rate } }),
      note: `by the clock, with the clients on the same cores, ${rate(clock.measured)} and ${rate(clock.limit)}`,
    }),
    rowOf({
      what: `CPU of a renewal, all threads, ${how}`,
      unit: 'us',
      against,
      ...of('cpuPerCall'),
      ...(budgets && { budget: { atMost: budgets.cpu } }),
    }),
  ]
}
