/** On what was measured, and how quiet it was there. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { systemClock } from '../../src/base/clock.ts'
import { sampleOf } from './sample.ts'

export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryGb: number
  readonly kernel: string
  readonly node: string
  readonly openssl: string
  readonly ssh: string
  /** Processes that wanted to run, over the last minute, before the first row. */
  readonly load: number
}

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.versions.node,
    openssl: process.versions.openssl,
    ssh: spawnSync('ssh', ['-V'], { encoding: 'utf8' }).stderr?.trim() || 'none',
    load: loadavg()[0] ?? Number.NaN,
  }
}

const PROBES = 40
const WORK = Buffer.alloc(4 * 1024 * 1024)

/**
 * How unevenly the machine does the same small work, about half a second of it: half of the
 * distance between the quartiles, as a share of the median. Some hundredths on a quiet machine.
 */
export function measureNoise(): number {
  const runs = Array.from({ length: PROBES }, () => {
    const start = systemClock.monotonic()
    createHash('sha256').update(WORK).digest()
    return systemClock.monotonic() - start
  })
  return sampleOf(runs).spread
}
