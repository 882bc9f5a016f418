import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { waitFor } from '../../test/e2e/harness/wait.ts'
import { FakeClock } from '../../test/fakes/clock.ts'
import { IdentityScene } from '../../test/fakes/identity-scene.ts'
import { systemFileSystem } from '../base/file-system.ts'
import { readHookState } from './hook-state.ts'
import type { Published } from './observer.ts'
import { type HookOccasion, type HookResult, RenewHook } from './renew-hook.ts'

interface Run {
  readonly occasion: HookOccasion
  readonly end: (failure?: string) => void
}

/** A hook whose runs end when the test says so, and publications of a real daemon. */
async function open() {
  const scene = await IdentityScene.open()
  const { published } = await scene.run({ until: ({ published }) => published.length === 3 })
  const clock = new FakeClock()
  const runs: Run[] = []
  const told: (number | undefined)[] = []
  let underWay = 0
  const hook = new RenewHook({
    async command(occasion) {
      underWay += 1
      assert.equal(underWay, 1, 'one at a time')
      const { promise, resolve } = Promise.withResolvers<HookResult>()
      runs.push({ occasion, end: (failure) => resolve({ failure, output: '' }) })
      return promise.finally(() => {
        underWay -= 1
      })
    },
    fs: systemFileSystem,
    clock,
    random: { fraction: () => 1 },
    stateDirectory: scene.state.path,
    onRun: ({ retryInMs }) => void told.push(retryInMs),
  })
  const stop = new AbortController()
  const ended = hook.run(stop.signal)
  const publication = (n: number): Published => published[n] ?? assert.fail()
  return {
    ...{ hook, runs, told, publication },
    state: () => readHookState(systemFileSystem, scene.state.path),
    /** Waits until there are so many runs. */
    async run(count: number): Promise<Run> {
      while (runs.length < count) await new Promise(setImmediate)
      return runs[count - 1] ?? assert.fail()
    },
    async settle() {
      for (let i = 0; i < 50; i++) await new Promise(setImmediate)
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      runs.at(-1)?.end()
      await ended
      await scene[Symbol.asyncDispose]()
    },
  }
}

describe('the hook after a renewal', () => {
  it('runs once for each publication, and is told what is published', async () => {
    await using scene = await open()
    const { hook, publication, runs } = scene
    for (const n of [0, 1]) {
      hook.published(publication(n))
      const { occasion, end } = await scene.run(n + 1)
      assert.equal(occasion.serial, publication(n).identity.sshCertificate.serial)
      assert.equal(occasion.bot, publication(n).identity.bot)
      end()
      await scene.settle()
    }
    assert.equal(runs.length, 2)
    const state = await scene.state()
    assert.deepEqual([state?.failures, state?.failure], [0, undefined])
  })

  it('is tried again after longer and longer pauses, until it succeeds', async () => {
    await using scene = await open()
    scene.hook.published(scene.publication(0))
    for (let n = 1; n <= 8; n++) (await scene.run(n)).end('it ended with 3')
    await scene.run(9)
    const state = await scene.state()
    assert.deepEqual([state?.failures, state?.failure], [8, 'it ended with 3'])
    assert.deepEqual(
      scene.told,
      [1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1_000),
    )
    scene.runs.at(-1)?.end()
    await waitFor(async () => (await scene.state())?.failure === undefined, {
      what: 'the success to be on record',
    })
    assert.equal(scene.runs.length, 9)
  })

  it('lets a run end, and then runs for the newest publication only', async () => {
    await using scene = await open()
    scene.hook.published(scene.publication(0))
    const first = await scene.run(1)
    scene.hook.published(scene.publication(1))
    scene.hook.published(scene.publication(2))
    await scene.settle()
    assert.equal(scene.runs.length, 1)
    first.end('it ended with 1')
    const second = await scene.run(2)
    assert.equal(second.occasion.serial, scene.publication(2).identity.sshCertificate.serial)
    second.end()
    await scene.settle()
    assert.equal(scene.runs.length, 2)
  })
})
