/** Does the act of a drill: once unharmed and recorded, then with a kill, or a failing call, at a point. */
import { rmSync } from 'node:fs'
import { systemClock } from '../../../src/base/clock.ts'
import type { Child } from '../../e2e/harness/child.ts'
import { killTree } from '../../e2e/harness/processes.ts'
import { waitFor } from '../../e2e/harness/wait.ts'
import { type Errno, faultAt, readStraceLog, Strace, type StraceOptions } from '../strace.ts'
import type { LoggedCall } from '../strace-log.ts'
import type { Drill, Scene } from './drill.ts'
import { fromPointPath, type Point, toPointPath } from './point.ts'
import type { Direction } from './record-proxy.ts'

export interface Recording {
  readonly points: readonly Point[]
  /** Of the unharmed act. */
  readonly durationMs: number
}

/** What comes after an act's end belongs to it as long as no pause is longer. */
const QUIET_MS = 150

export async function record(scene: Scene, drill: Drill): Promise<Recording> {
  await drill.prepare()
  const { directory, proxy } = drill.world
  const roots = drill.roots()
  let calls: readonly LoggedCall[]
  if (scene.starts) {
    calls = await recordStart(drill)
  } else {
    await using strace = await Strace.attach(victimOf(drill).pid, { directory })
    await drill.act()
    await quiet(() => strace.calls().length)
    calls = strace.calls()
  }
  kill(drill)
  await victimOf(drill).exited
  await recover(drill)

  await drill.prepare()
  proxy.arm()
  const start = systemClock.monotonic()
  await drill.act()
  const durationMs = systemClock.monotonic() - start
  const { counts } = proxy
  kill(drill)
  await victimOf(drill).exited
  await recover(drill)

  const points: Point[] = calls.filter(changesSomething).flatMap(({ call, path, number }) => {
    const pointPath = toPointPath(path, roots)
    return pointPath === undefined ? [] : [{ kind: 'call', call, path: pointPath, number }]
  })
  if (scene.hasRecords) points.push(...recordPoints('up', counts), ...recordPoints('down', counts))
  return { points, durationMs }
}

async function recordStart(drill: Drill): Promise<readonly LoggedCall[]> {
  const { directory } = drill.world
  const log = directory.join('start-log')
  await drill.act({ directory, log })
  await quiet(() => readStraceLog(log).length)
  return readStraceLog(log)
}

function changesSomething({ writes, result }: LoggedCall): boolean {
  return writes && result?.startsWith('-1') !== true
}

function recordPoints(
  direction: Direction,
  counts: Readonly<Record<Direction, number>>,
): readonly Point[] {
  return Array.from({ length: counts[direction] }, (_, index) => ({
    kind: 'record',
    direction,
    number: index + 1,
  }))
}

/**
 * Does the act with a kill at the point, and recovers from it. Returns whether the victim was killed
 * there; where the act has not come by the point it is killed at the end of the act.
 *
 * @throws Error for what is wrong after it
 */
export async function killAt(
  scene: Scene,
  drill: Drill,
  point: Point,
  durationMs: number,
): Promise<boolean> {
  await drill.prepare()
  const { proxy } = drill.world
  const isHit = await (async () => {
    switch (point.kind) {
      case 'call':
        return killAtCall(scene, drill, point)
      case 'record': {
        const { direction, number } = point
        proxy.arm({ direction, number, act: () => kill(drill) })
        return untilKilled(drill, () => drill.act())
      }
      case 'instant': {
        // Past the end of the act too.
        const delay = systemClock.sleep((durationMs * point.permille) / 1000)
        const killed = delay.then(() => kill(drill))
        await Promise.all([drill.act(), killed])
        return true
      }
    }
  })()
  proxy.arm()
  if (!isHit) kill(drill)
  await victimOf(drill).exited
  await recover(drill)
  return isHit
}

async function recover(drill: Drill): Promise<void> {
  await drill.restart()
  await drill.check()
}

/**
 * Does the act with one call of it failing. Nobody helps: what runs goes on by itself, and what has to give
 * up says why, and works when it is started again. Returns whether the act has come to that call.
 *
 * @throws Error for what is wrong after it
 */
export async function failAt(
  scene: Scene,
  drill: Drill,
  point: Extract<Point, { kind: 'call' }>,
  errno: Errno,
): Promise<boolean> {
  await drill.prepare()
  const { directory } = drill.world
  const path = fromPointPath(point.path, drill.roots())
  const log = directory.join('fail-log')
  rmSync(log, { force: true })
  const options: StraceOptions = { directory, log, ...faultAt({ ...point, path }, errno) }
  if (scene.starts) await drill.act(options)
  else {
    await using _strace = await Strace.attach(victimOf(drill).pid, options)
    await drill.act()
    await Promise.race([victimOf(drill).exited, systemClock.sleep(QUIET_MS)])
  }
  const isHit = readStraceLog(log).some(({ result }) => result?.includes('INJECTED') === true)
  const { exit, stderr } = victimOf(drill)
  if (exit !== undefined && exit.code !== 0) {
    if (!scene.starts) throw new Error(`it has ended of a call that failed:\n${stderr}`)
    checkLastWords(stderr, exit.code)
  }
  if (exit !== undefined) await drill.restart()
  await drill.check()
  return isHit
}

/** @throws Error unless they say what failed, and what to do about it */
function checkLastWords(stderr: string, code: number | null): void {
  const isClear = /^error: .*\//m.test(stderr) && /^hint: /m.test(stderr)
  if (code === 1 || code === null || !isClear) {
    throw new Error(`it has ended with ${code}, and not said what to do:\n${stderr}`)
  }
}

async function killAtCall(
  scene: Scene,
  drill: Drill,
  point: Extract<Point, { kind: 'call' }>,
): Promise<boolean> {
  const { directory } = drill.world
  const path = fromPointPath(point.path, drill.roots())
  const options: StraceOptions = { directory, ...faultAt({ ...point, path }, 'kill') }
  if (scene.starts) return untilKilled(drill, () => drill.act(options))
  await using _strace = await Strace.attach(victimOf(drill).pid, options)
  return await untilKilled(drill, () => drill.act())
}

/** Writes may follow the end of the act, so a kill has a moment to come. */
async function untilKilled(drill: Drill, act: () => Promise<void>): Promise<boolean> {
  await act()
  const victim = victimOf(drill)
  await Promise.race([victim.exited, systemClock.sleep(QUIET_MS)])
  return victim.exit !== undefined
}

function victimOf(drill: Drill): Child {
  const victim = drill.victim()
  if (victim === undefined) throw new Error('the act has not started its process')
  return victim
}

function kill(drill: Drill): void {
  const victim = drill.victim()
  // The number of one that has ended may be another's by now.
  if (victim !== undefined && victim.exit === undefined) killTree(victim.pid)
}

async function quiet(count: () => number): Promise<void> {
  let before = -1
  await waitFor(
    async () => {
      const now = count()
      if (now === before) return true
      before = now
      await systemClock.sleep(QUIET_MS)
      return false
    },
    { what: 'the act to have written all' },
  )
}
