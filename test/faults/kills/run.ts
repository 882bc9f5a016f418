/** `npm run faults`: kills the hub and the daemon, again and again. See docs/decisions/0015. */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { systemClock } from '../../../src/base/clock.ts'
import { systemRandom } from '../../../src/base/random.ts'
import { requirePrograms } from '../../e2e/harness/requirements.ts'
import { sqlitePlace } from './place.ts'
import { parsePoint } from './point.ts'
import { describeFailure, type KillReport, runKills } from './run-kills.ts'
import { SCENES } from './scenes.ts'
import { formatReport } from './table.ts'

const USAGE = `Usage: npm run faults -- [options]

Runs mezhub and mezd, kills one of them at a point of what it does, starts it again, and checks:
certificates valid or renewed, files a matching pair, the audit log complete, no lock on an honest
bot, a lock on every copy.

  --kills N        about how many (default 200), spread over all scenes
  --nightly        every point of every scene, and at least 2,000 kills
  --errors         calls that write fail (EIO, ENOSPC, EROFS) in place of kills
  --only SCENE     one scene, or one kill: --only 'SCENE: POINT'
  --times N        do that one kill N times
  --seed N         the choice of points of an earlier run
  --lanes N        how many at once (default ${defaultLanes()})
  --list           the scenes

Scenes: ${SCENES.map(({ name }) => name).join(', ')}
`

const { values } = parseArgs({
  options: {
    kills: { type: 'string' },
    nightly: { type: 'boolean', default: false },
    errors: { type: 'boolean', default: false },
    only: { type: 'string' },
    times: { type: 'string', default: '1' },
    seed: { type: 'string' },
    lanes: { type: 'string' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

const ERRORS = ['EIO', 'ENOSPC', 'EROFS'] as const

function defaultLanes(): number {
  return availableParallelism() + 1
}

async function run(): Promise<boolean> {
  const [sceneName, pointText] = values.only?.split(': ') ?? []
  const scenes = SCENES.filter(({ name }) => sceneName === undefined || name === sceneName)
  const point = pointText === undefined ? undefined : parsePoint(pointText)
  if (scenes.length === 0 || (pointText !== undefined && point === undefined)) {
    process.stderr.write(USAGE)
    return false
  }
  requirePrograms('strace', 'ssh-keygen', 'setpriv')
  const seed = Number(values.seed ?? systemRandom.bytes(4).readUInt32BE())
  const kills = Number(values.kills ?? (values.nightly ? 2_000 : 200))
  const start = systemClock.monotonic()
  const seconds = () => ((systemClock.monotonic() - start) / 1000).toFixed(0)
  process.stderr.write(`seed ${seed}\n`)
  const report = await runKills({
    place: sqlitePlace,
    scenes,
    kills,
    everyPoint: values.nightly,
    seed,
    lanes: Number(values.lanes ?? defaultLanes()),
    ...(values.errors && { errors: ERRORS }),
    ...(point !== undefined && {
      points: Array.from({ length: Number(values.times) }, () => point),
    }),
    onKill: progress(seconds),
    onFailure: (failure) =>
      void process.stderr.write(
        `\n${describeFailure(failure, seed, values.errors ? '--errors ' : '')}\n`,
      ),
  })
  process.stdout.write(`${formatReport(report)}\n${seconds()} s, seed ${seed}\n`)
  for (const { name, missed } of report.scenes) {
    for (const point of missed) process.stdout.write(`missed: ${name}: ${point}\n`)
  }
  return report.failures.length === 0
}

function progress(seconds: () => string): (report: KillReport) => void {
  let last = 0
  return ({ scenes, failures }) => {
    const kills = scenes.reduce((sum, scene) => sum + scene.kills, 0)
    const line = `${kills} kills, ${failures.length} failures, ${seconds()} s`
    if (process.stderr.isTTY) process.stderr.write(`\r${line}\x1b[K`)
    else if (kills >= last + 50) {
      last = kills
      process.stderr.write(`${line}\n`)
    }
  }
}

if (values.help) process.stdout.write(USAGE)
else if (values.list) process.stdout.write(SCENES.map(({ name }) => `${name}\n`).join(''))
else process.exitCode = (await run()) ? 0 : 1
