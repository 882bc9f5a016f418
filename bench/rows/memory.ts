/** A daemon that waits for its next renewal, and a Node process that holds one TLS connection. */
import { systemClock } from '../../src/base/clock.ts'
import { startChild } from '../../test/e2e/harness/child.ts'
import { TemporaryDirectory } from '../../test/e2e/harness/directory.ts'
import { CHECKOUT } from '../../test/e2e/harness/run.ts'
import { heldConnection } from '../limits/bare-processes.ts'
import { interleavePair } from '../measure/interleave.ts'
import { type Memory, memoryOf } from '../measure/process.ts'
import { type Bench, rowOf } from '../row.ts'
import { type BenchHub, startBenchHub } from '../scene/hub.ts'

export const memory: Bench = {
  name: 'memory',
  async run({ quick }) {
    using directory = new TemporaryDirectory('mezite-bench-')
    await using hub = await startBenchHub({ directory })
    const rounds = quick ? 1 : 5
    const settleMs = quick ? 2_000 : 6_000
    const token = await hub.addBot('ci', rounds + 1)
    let daemons = 0
    const daemon = () => [
      ...[`${CHECKOUT}/bin/mezd`, 'identity', 'start', `--auth-server=${hub.address}`],
      ...[`--join-token=${token}`, `--destination=${directory.join(`certs-${daemons++}`)}`],
    ]
    const { measured, limit } = await interleavePair(
      rounds,
      () => memoryWhenSettled(hub, daemon(), /joined|published|certificate/, settleMs),
      () => memoryWhenSettled(hub, heldConnection(hub.port), /connected/, settleMs),
    )
    const of = (figure: keyof Memory) => ({
      measured: measured.map((it) => it[figure]),
      limit: limit.map((it) => it[figure]),
    })
    const against = 'a Node process that holds one TLS connection'
    return [
      rowOf({
        ...{ what: 'memory of an idle daemon, RSS', unit: 'MB', against },
        ...of('rss'),
        budget: { atMost: 1.3 },
      }),
      rowOf({ ...{ what: 'memory of an idle daemon, PSS', unit: 'MB', against }, ...of('pss') }),
    ]
  },
}

async function memoryWhenSettled(
  { env }: BenchHub,
  command: readonly string[],
  ready: RegExp,
  settleMs: number,
): Promise<Memory> {
  await using child = startChild(command, { env })
  await child.waitForStderr(ready)
  await systemClock.sleep(settleMs)
  return memoryOf(child.pid)
}
