import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { FakeClock } from '../../../test/fakes/clock.ts'
import { Turnstile } from './turnstile.ts'

const HERE = () => false

function scene(limits = {}) {
  const clock = new FakeClock()
  const turnstile = new Turnstile(clock, { underWay: 100, waiting: 10, sliceMs: 10, ...limits })
  const started: number[] = []
  const ends: (() => void)[] = []
  const pass = (number: number, isGone = HERE, takesMs = 0) =>
    turnstile.pass(isGone, () => {
      started.push(number)
      clock.advance(takesMs)
      return new Promise<number>((resolve) => ends.push(() => resolve(number)))
    })
  return { clock, turnstile, started, ends, pass }
}

describe('a turnstile', () => {
  it('lets tasks pass in their order, and gives their results', async () => {
    const { pass, started, ends } = scene()
    const results = [pass(1), pass(2)]
    await turn()
    assert.deepEqual(started, [1, 2])
    for (const end of ends) end()
    assert.deepEqual(await Promise.all(results), [1, 2])
  })

  it('starts in each turn of the loop no more than fits in', async () => {
    const { pass, started } = scene()
    for (let i = 0; i < 6; i++) void pass(i, HERE, 4)
    const counts: number[] = []
    for (let i = 0; i < 3; i++) {
      await turn()
      counts.push(started.length)
    }
    assert.deepEqual(counts, [3, 6, 6])
  })

  it('has so many under way, and the next one when one ends', async () => {
    const { pass, started, ends } = scene({ underWay: 2 })
    for (let i = 0; i < 4; i++) void pass(i)
    await turn()
    await turn()
    assert.deepEqual(started, [0, 1])
    ends[1]?.()
    await turn()
    await turn()
    assert.deepEqual(started, [0, 1, 2])
  })

  it('is busy when too many wait, and takes the next one when fewer do', async () => {
    const { pass, started, ends } = scene({ underWay: 1 })
    void pass(0)
    await turn()
    for (let i = 1; i <= 10; i++) void pass(i)
    await assert.rejects(pass(11), { code: 'busy', retryAfterMs: 5_000, hint: /try again/ })
    for (let i = 0; i < 25; i++) {
      ends[i]?.()
      await turn()
      await turn()
      if (i > 0) void pass(11 + i)
    }
    assert.deepEqual(started.slice(0, 12), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12])
    assert.ok(started.length >= 25)
  })

  it('leaves out whoever has gone, and goes on after a failure', async () => {
    const { pass, turnstile, started } = scene({ underWay: 1 })
    const failing = turnstile.pass(HERE, () => Promise.reject(new Error('no')))
    const gone = pass(1, () => true)
    void pass(2)
    await assert.rejects(failing, { message: 'no' })
    await assert.rejects(gone, { code: 'unavailable' })
    await turn()
    await turn()
    assert.deepEqual(started, [2])
  })
})
