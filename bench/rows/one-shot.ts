/** `mezd identity start --one-shot`: from an empty directory to published files, a whole process. */
import { TemporaryDirectory } from '../../test/e2e/harness/directory.ts'
import { CHECKOUT } from '../../test/e2e/harness/run.ts'
import { emptyProcess, oneHandshake } from '../limits/bare-processes.ts'
import { commandTime } from '../measure/command-time.ts'
import { interleave } from '../measure/interleave.ts'
import { type Bench, rowOf } from '../row.ts'
import { startBenchHub } from '../scene/hub.ts'

export const oneShot: Bench = {
  name: 'one-shot',
  async run({ quick }) {
    using directory = new TemporaryDirectory('mezite-bench-')
    await using hub = await startBenchHub({ directory })
    const { env } = hub
    const rounds = quick ? 5 : 21
    const token = await hub.addBot('ci', rounds + 1)
    let destinations = 0
    const join = () =>
      commandTime(
        [
          ...[`${CHECKOUT}/bin/mezd`, 'identity', 'start', '--one-shot'],
          ...[`--auth-server=${hub.address}`, `--join-token=${token}`],
          `--destination=${directory.join(`certs-${destinations++}`)}`,
        ],
        { env },
      )
    const [joins = [], handshakes = [], starts = []] = await interleave(rounds, [
      join,
      () => commandTime(oneHandshake(hub.port), { env }),
      () => commandTime(emptyProcess(), { env }),
    ])
    return [
      rowOf({
        what: 'join, --one-shot, files written',
        unit: 'ms',
        against: 'a Node process that makes one TLS handshake with the hub',
        measured: joins,
        limit: handshakes,
        budget: { atMost: 3 },
      }),
      rowOf({
        what: 'that handshake',
        unit: 'ms',
        against: 'node -e 0',
        measured: handshakes,
        limit: starts,
      }),
    ]
  },
}
