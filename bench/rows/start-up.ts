/**
 * How long each program takes from its start to its end, for the least that it can be asked: in a
 * checkout, on Node, and as the executables of a release, which are measured for their size too.
 */
import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
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
    const release = directory.join('release')
    const build = ['scripts/release.ts', '--programs-only', `--out=${release}`]
    execFileSync(process.execPath, build, { cwd: CHECKOUT, stdio: 'ignore' })
    const places = [
      { where: 'checkout', path: `${CHECKOUT}/bin` },
      { where: 'release', path: release },
    ]
    const asked = places.flatMap(({ where, path }) =>
      commands.map((command) => ({ what: `${command} (${where})`, path, command })),
    )
    const [starts = [], ...times] = await interleave(quick ? 3 : 15, [
      () => commandTime(emptyProcess(), { env }),
      ...asked.map(({ path, command }) => () => {
        const [program = '', ...words] = command.split(' ')
        return commandTime([`${path}/${program}`, ...words], { env })
      }),
    ])
    return [
      ...asked.map(({ what }, index) =>
        rowOf({
          ...{ what, unit: 'ms', against: 'node -e 0' },
          ...{ measured: times[index] ?? [], limit: starts },
        }),
      ),
      rowOf({
        ...{ what: 'all four programs (release)', unit: 'MB', against: "Node's executable" },
        ...{ measured: [megabytes(`${release}/mezhub`)], limit: [megabytes(process.execPath)] },
      }),
    ]
  },
}

/** One file under four names. */
function megabytes(path: string): number {
  return statSync(path).size / 1e6
}
