/** How long each program takes from its start to its end, for the least that it can be asked. */
import { TemporaryDirectory } from '../../test/e2e/harness/directory.ts'
import { CHECKOUT, runOk } from '../../test/e2e/harness/run.ts'
import { emptyProcess } from '../limits/bare-processes.ts'
import { commandTime } from '../measure/command-time.ts'
import { interleave } from '../measure/interleave.ts'
import { type Bench, rowOf } from '../row.ts'
import { startBenchHub } from '../scene/hub.ts'

/** One thing of each program that is more than text: `mezctl` calls the hub, the others read. */
const CALLS: Readonly<Record<string, string>> = {
  mezhub: 'config check',
  mezd: 'identity status',
  mezctl: 'status',
  msh: 'ls',
}

export const startUp: Bench = {
  name: 'start-up',
  async run({ quick }) {
    using directory = new TemporaryDirectory('mezite-bench-')
    await using hub = await startBenchHub({ directory })
    const destination = directory.join('certs')
    const env = { ...hub.env, MEZITE_DESTINATION: destination, MEZITE_IDENTITY: destination }
    await runOk(
      [
        ...[`${CHECKOUT}/bin/mezd`, 'identity', 'start', '--one-shot'],
        ...[`--auth-server=${hub.address}`, `--join-token=${await hub.addBot('ci', 1)}`],
      ],
      { env },
    )
    const commands = Object.entries(CALLS).flatMap(([program, call]) =>
      ['--version', '--help', call].map((words) => `${program} ${words}`),
    )
    const [starts = [], ...times] = await interleave(quick ? 3 : 15, [
      () => commandTime(emptyProcess(), { env }),
      ...commands.map((command) => () => {
        const [program = '', ...words] = command.split(' ')
        return commandTime([`${CHECKOUT}/bin/${program}`, ...words], { env })
      }),
    ])
    return commands.map((what, index) =>
      rowOf({
        ...{ what, unit: 'ms', against: 'node -e 0' },
        ...{ measured: times[index] ?? [], limit: starts },
      }),
    )
  },
}
