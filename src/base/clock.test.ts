import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { countSuspension, DAY, HOUR, SECOND } from './clock.ts'

/** A machine that can be suspended, with an uptime in whole seconds. */
function machine() {
  let running = 0
  let up = 12_345_678
  return {
    run(milliseconds: number) {
      running += milliseconds
      up += milliseconds
    },
    suspend(milliseconds: number) {
      up += milliseconds
    },
    monotonic: countSuspension(
      () => running,
      () => Math.floor(up / SECOND) * SECOND,
    ),
  }
}

describe('the monotonic clock', () => {
  it('runs on while the machine is suspended', () => {
    const { run, suspend, monotonic } = machine()
    const start = monotonic()
    run(10 * SECOND)
    suspend(DAY)
    run(SECOND)
    const passed = monotonic() - start
    assert.ok(Math.abs(passed - (DAY + 11 * SECOND)) <= SECOND)
    suspend(HOUR)
    run(5 * SECOND)
    assert.ok(Math.abs(monotonic() - start - passed - HOUR - 5 * SECOND) <= SECOND)
  })

  it('is as fine as the fine one, and never goes back, while the machine runs', () => {
    const { run, monotonic } = machine()
    let passed = monotonic()
    for (let n = 0; n < 10_000; n++) {
      const step = (n * 7) % 450
      run(step)
      const now = monotonic()
      assert.equal(now - passed, step)
      passed = now
    }
  })
})
