/** What every run of the tests kills: a sample of the points of some scenes, the same each time. */
import assert from 'node:assert/strict'
import { requirePrograms } from '../../e2e/harness/requirements.ts'
import type { Scene } from './drill.ts'
import { sqlitePlace } from './place.ts'
import { describeFailure, type KillOptions, runKills } from './run-kills.ts'
import { formatReport } from './table.ts'

const SEED = 15
/** Kills that came too late, since an act was over before its point: more, and the points are wrong. */
const MOST_MISSED = 0.1

export async function killInCi(scenes: readonly Scene[], kills: number): Promise<void> {
  await harmInCi(scenes, kills, {})
}

/** The same with calls that fail. */
export async function failInCi(scenes: readonly Scene[], times: number): Promise<void> {
  await harmInCi(scenes, times, { errors: ['EIO', 'ENOSPC', 'EROFS'] })
}

async function harmInCi(
  scenes: readonly Scene[],
  kills: number,
  how: Pick<KillOptions, 'errors'>,
): Promise<void> {
  requirePrograms('strace', 'ssh-keygen', 'setpriv')
  const report = await runKills({
    place: sqlitePlace,
    scenes,
    kills,
    everyPoint: false,
    seed: SEED,
    lanes: 2,
    ...how,
  })
  const table = formatReport(report)
  assert.equal(
    report.failures.length,
    0,
    `${table}\n${report.failures.map((failure) => describeFailure(failure, SEED)).join('\n')}`,
  )
  const sum = (count: (scene: (typeof report.scenes)[number]) => number) =>
    report.scenes.reduce((total, scene) => total + count(scene), 0)
  assert.ok(sum((scene) => scene.kills) >= kills, table)
  const most = Math.max(2, kills * MOST_MISSED)
  assert.ok(sum((scene) => scene.missed.length) <= most, table)
}
