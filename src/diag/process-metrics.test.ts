import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FakeClock } from '../../test/fakes/clock.ts'
import { systemFileSystem } from '../base/file-system.ts'
import { LoopLag } from './loop-lag.ts'
import { addProcessMetrics } from './process-metrics.ts'
import { Registry } from './registry.ts'

describe('metrics of the process', () => {
  it('have the names and units that Prometheus gives them', async () => {
    const registry = new Registry()
    const source = {
      startedAt: 1_000,
      cpuUsage: () => ({ user: 1_500_000, system: 500_000 }),
      residentBytes: () => 4096,
      files: systemFileSystem,
    }
    addProcessMetrics(registry, source, { worst: () => 250 })
    await registry.show()
    const text = await registry.show()
    assert.match(text, /^process_cpu_seconds_total 2$/m)
    assert.match(text, /^process_resident_memory_bytes 4096$/m)
    assert.match(text, /^process_start_time_seconds 1$/m)
    assert.match(text, /^mezite_event_loop_lag_seconds 0\.25$/m)
    assert.match(text, /^process_open_fds \d+$/m)
    assert.match(text, /^process_max_fds \d+$/m)
  })
})

describe('the lag of the event loop', () => {
  it('is the worst of the last half minute', async () => {
    const stop = new AbortController()
    const clock = new FakeClock()
    const seen: number[] = []
    let step = 0
    const lag = new LoopLag({
      monotonic: () => clock.monotonic(),
      sleep: async (milliseconds) => {
        seen.push(lag.worst())
        clock.advance(milliseconds + (step === 3 ? 700 : 0))
        step += 1
        if (step === 100) stop.abort()
      },
    })
    await lag.run(stop.signal)
    assert.equal(seen[3], 0)
    assert.equal(seen[4], 700)
    assert.equal(seen[30], 700, 'after a quarter of a minute')
    assert.equal(seen[99], 0, 'after three quarters')
  })
})
