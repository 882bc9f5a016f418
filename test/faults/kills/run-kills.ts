/**
 * Runs scenes in several lanes at once. A lane opens a scene, records its act, and kills at the
 * points chosen for it; a scene with many kills is shared among lanes.
 */
import { systemClock } from '../../../src/base/clock.ts'
import { messageOf } from '../../../src/base/errors.ts'
import type { Errno } from '../strace.ts'
import type { Drill, Scene } from './drill.ts'
import { failAt, killAt, type Recording, record } from './exercise.ts'
import type { HubPlace } from './place.ts'
import { choosePoints, seeded } from './plan.ts'
import { formatPoint, type Point } from './point.ts'

export interface KillOptions {
  readonly place: HubPlace
  readonly scenes: readonly Scene[]
  /** Of all scenes together, roughly. */
  readonly kills: number
  /** However many there are. */
  readonly everyPoint: boolean
  readonly seed: number
  readonly lanes: number
  /** Calls fail in place of kills: in turn with one of these. */
  readonly errors?: readonly Errno[]
  /** In place of a choice. */
  readonly points?: readonly Point[]
  readonly onKill?: (report: KillReport) => void
  readonly onFailure?: (failure: Failure) => void
}

export interface Failure {
  readonly scene: string
  /** Undefined: before or after all kills. */
  readonly point: string | undefined
  readonly error: unknown
}

export interface SceneReport {
  readonly name: string
  points: number
  kills: number
  /** Kills that came at the end of the act, since it has not come by its point. */
  readonly missed: string[]
  controls: number
}

export interface KillReport {
  readonly scenes: readonly SceneReport[]
  readonly failures: readonly Failure[]
}

interface Task {
  readonly scene: Scene
  readonly report: SceneReport
  readonly recording: Recording | undefined
  readonly points: readonly Point[]
}

/** A lane opens a scene anew after so many kills. */
const BATCH = 60

export async function runKills(options: KillOptions): Promise<KillReport> {
  const { scenes, kills, everyPoint, seed, lanes } = options
  const random = seeded(seed)
  const failures: Failure[] = []
  const reports = scenes.map(({ name }) => ({ name, points: 0, kills: 0, missed: [], controls: 0 }))
  const report = { scenes: reports, failures }
  const share = Math.ceil(kills / scenes.length)
  const tasks: Task[] = scenes.map((scene, index) => ({
    scene,
    report: reports[index] ?? { name: scene.name, points: 0, kills: 0, missed: [], controls: 0 },
    recording: undefined,
    points: [],
  }))

  function choose(recording: Recording): readonly Point[] {
    if (options.errors === undefined) return choosePoints(recording, share, everyPoint, random)
    const points = recording.points.filter(({ kind }) => kind === 'call')
    return choosePoints({ points }, everyPoint ? points.length : share, everyPoint, random, 0)
  }

  let errors = 0
  /** @returns whether the act has come to the point */
  async function harm({ scene, recording }: Task, drill: Drill, point: Point): Promise<boolean> {
    const { errors: errnos = [] } = options
    const errno = errnos[errors++ % errnos.length]
    if (errno === undefined || point.kind !== 'call') {
      return await killAt(scene, drill, point, recording?.durationMs ?? 0)
    }
    try {
      return await failAt(scene, drill, point, errno)
    } catch (cause) {
      throw new Error(`${errno}: ${messageOf(cause)}`, { cause })
    }
  }

  async function begin(task: Task, drill: Drill): Promise<Task> {
    if (task.recording !== undefined) return task
    const recording = await record(task.scene, drill)
    task.report.points = recording.points.length
    const points = options.points ?? choose(recording)
    for (let from = BATCH; from < points.length; from += BATCH) {
      tasks.push({ ...task, recording, points: points.slice(from, from + BATCH) })
    }
    return { ...task, recording, points: points.slice(0, BATCH) }
  }

  /** Returns what is left of the task after a failure, which may have broken the drill. */
  async function run(task: Task): Promise<Task | undefined> {
    const { scene } = task
    let point: Point | undefined
    let left = task
    try {
      await using drill = await scene.open(options.place)
      left = await bounded(begin(task, drill))
      const { points } = left
      for (const [index, at] of points.entries()) {
        point = at
        left = { ...left, points: points.slice(index + 1) }
        const isHit = await bounded(harm(left, drill, at))
        task.report.kills += 1
        if (!isHit) task.report.missed.push(formatPoint(at))
        options.onKill?.(report)
      }
      point = undefined
      if (drill.control !== undefined) {
        await bounded(drill.control())
        task.report.controls += 1
      }
      return undefined
    } catch (error) {
      const failure = { scene: scene.name, point: point && formatPoint(point), error }
      failures.push(failure)
      options.onFailure?.(failure)
      return left.points.length > 0 ? left : undefined
    }
  }

  async function lane(): Promise<void> {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
      const left = await run(task)
      if (left !== undefined && failures.length < MOST_FAILURES) tasks.push(left)
    }
  }

  await Promise.all(Array.from({ length: lanes }, lane))
  return report
}

/** A kill, its recovery and their checks take a second or two. */
const LONGEST_STEP_MS = 90_000

async function bounded<Value>(step: Promise<Value>): Promise<Value> {
  const abort = new AbortController()
  const late = systemClock.sleep(LONGEST_STEP_MS, abort.signal).then(
    () => {
      throw new Error(`it hangs: nothing more in ${LONGEST_STEP_MS / 1000} s`)
    },
    () => new Promise<never>(() => {}),
  )
  try {
    return await Promise.race([step, late])
  } finally {
    abort.abort()
  }
}

/** After so many the rest would tell nothing new. */
const MOST_FAILURES = 20

export function describeFailure(
  { scene, point, error }: Failure,
  seed: number,
  flags = '',
): string {
  const where = point === undefined ? scene : `${scene}: ${point}`
  return [
    `${where} (seed ${seed})`,
    messageOf(error).replace(/^/gm, '  '),
    `  again: npm run faults -- ${flags}--only '${where}'`,
  ].join('\n')
}
