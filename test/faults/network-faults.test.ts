/** What else a network can do to a call or a stream. In this process, as network-cuts.test.ts. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { MINUTE, SECOND, systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import { HubError } from '../../src/client/identity-hub.ts'
import type { Identity } from '../../src/identity/identity.ts'
import { IdentityWatch } from '../../src/identity/identity-watch.ts'
import { waitFor } from '../e2e/harness/wait.ts'
import { LOCAL } from '../fakes/auth.ts'
import { replay } from '../fakes/faulty-link.ts'
import { BOT, type BotMachine, NetworkScene } from './network-scene.ts'

const UNREACHABLE = { code: 'unreachable' }

let scene: NetworkScene
before(async () => {
  scene = await NetworkScene.open()
})
after(() => scene[Symbol.asyncDispose]())
beforeEach(() => {
  scene.link.fault = {}
  scene.link.thaw()
})

/** What the hub has issued so far, to anybody. */
async function issued(): Promise<number> {
  const { store } = scene.hub.auth.context
  const { length: renewals } = await store.audit.list({ limit: 1_000, type: 'bot.renew' })
  const { length: joins } = await store.audit.list({ limit: 1_000, type: 'bot.join' })
  return renewals + joins
}

async function assertNoLocks(): Promise<void> {
  assert.deepEqual((await scene.hub.auth.bots.get(BOT)).locks, [])
}

describe('a call', () => {
  let bot: BotMachine
  let identity: Identity
  before(async () => {
    bot = await scene.bot({ timeoutMs: 300 })
    identity = await bot.patient.join()
  })

  async function renewsAgain(): Promise<void> {
    scene.link.fault = {}
    scene.link.thaw()
    const before = identity.generation
    identity = await bot.patient.renew(identity)
    assert.equal(identity.generation, before + 1n)
    await assertNoLocks()
  }

  it('into a black hole ends in its time', async () => {
    scene.link.freeze()
    await assert.rejects(bot.renew(identity), UNREACHABLE)
    await assert.rejects((await scene.bot({ timeoutMs: 300 })).join(), UNREACHABLE)
    await renewsAgain()
  })

  it('on a connection that falls silent, anywhere, ends in its time', async () => {
    for (const direction of ['up', 'down'] as const) {
      for (const afterBytes of [0, 1_500, 2_500, 3_200]) {
        scene.link.fault = { cut: { direction, afterBytes, ending: 'silence' } }
        const before = identity
        await bot.renew(before).then(
          (next) => {
            identity = next
          },
          (error: unknown) => {
            assert.ok(error instanceof HubError && error.code === 'unreachable', `${error}`)
          },
        )
        if (identity === before) await renewsAgain()
      }
    }
  })

  it('on a slow line, or a long one, gets through', async () => {
    const { patient } = await scene.bot()
    let slow = await patient.join()
    for (const fault of [{ delayMs: 120 }, { bytesPerSecond: 12_000 }]) {
      scene.link.fault = fault
      slow = await patient.renew(slow)
    }
    assert.equal(slow.generation, 3n)
  })

  it('finds the hub again behind the same address, and when it listens again', async () => {
    scene.link.leadTo({ host: '127.0.0.1', port: 1 })
    await assert.rejects(bot.renew(identity), UNREACHABLE)
    scene.link.leadTo(scene.hub.address)
    await renewsAgain()

    const port = await scene.link.refuse()
    await assert.rejects(bot.patient.renew(identity), { ...UNREACHABLE, hint: /is mezhub running/ })
    await scene.link.listen(port)
    await renewsAgain()
  })

  it('leaves no connection behind, however it has ended', async () => {
    await waitFor(() => scene.link.held === 0, {
      what: 'the connections to be closed',
      context: () => `${scene.link.held} of ${scene.link.accepted} are open`,
    })
  })

  it('that was recorded is of no use: TLS does not take it a second time', async () => {
    scene.link.forget()
    await renewsAgain()
    const { recorded } = scene.link
    assert.ok(recorded.length > 2_000)
    const before = await issued()
    const { audit } = scene.hub.auth.context.store
    const events = await audit.count()
    for (const bytes of [recorded, Buffer.concat([recorded, recorded])]) {
      const answer = await replay(bytes, scene.hub.address)
      assert.ok(answer.length > 0, 'the hub shakes hands with whoever says hello')
    }
    // Also not as the continuation of a handshake of one's own.
    scene.link.forget()
    await renewsAgain()
    await replay(Buffer.concat([scene.link.recorded.subarray(0, 600), recorded]), scene.hub.address)
    assert.equal(await issued(), before + 1, 'nothing but the one honest renewal')
    assert.equal(await audit.count(), events + 1)
    await renewsAgain()
  })
})

describe('a stream', () => {
  /** Watches as a daemon does, and notes how long it wanted to pause after each failure. */
  function follow(bot: BotMachine, identity: Identity) {
    const pauses: number[] = []
    const failures: unknown[] = []
    const watch = new IdentityWatch({
      hub: bot.renewer.hub,
      parameters: bot.renewer.parameters,
      random: systemRandom,
      clock: {
        // As long as it wants, a hundred times as fast.
        sleep: (milliseconds, signal) => {
          pauses.push(milliseconds)
          return systemClock.sleep(milliseconds / 100, signal)
        },
      },
      onRenewalWanted: () => {},
      onFailure: (error) => failures.push(error),
    })
    return { watch, pauses, failures, started: watch.follow(identity) }
  }

  async function setRoles(): Promise<void> {
    await scene.hub.auth.bots.update(LOCAL, BOT, ['ci-deployer'])
  }

  it('whose hub is gone without a word is given up, and opened again', async () => {
    const bot = await scene.bot({ timeoutMs: 500, keepAliveMs: 150 })
    const identity = await bot.join()
    const accepted = scene.link.accepted
    const { watch, failures, started } = follow(bot, identity)
    await started
    await waitFor(() => scene.link.passed.down > 0 && scene.link.accepted > accepted, {
      what: 'the stream to open',
    })
    scene.link.freeze()
    await waitFor(() => failures.length === 1, { what: 'the silence to be noticed' })
    assert.ok(failures[0] instanceof HubError && failures[0].code === 'unreachable')
    scene.link.thaw()
    const tries = scene.link.accepted
    await waitFor(() => scene.link.accepted > tries, { what: 'the stream to be opened again' })
    await watch.end()
    await setRoles()
  })

  it('is tried with backoff and jitter, and never given up', async () => {
    const bot = await scene.bot({ timeoutMs: 500, keepAliveMs: 150 })
    const identity = await bot.join()
    const port = await scene.link.refuse()
    const { watch, pauses, failures, started } = follow(bot, identity)
    await started
    await waitFor(() => pauses.length >= 12, { what: 'a dozen tries', timeoutMs: 60_000 })
    await watch.end()
    await scene.link.listen(port)
    assert.equal(failures.length, 1, 'told once')
    for (const [attempt, pause] of pauses.entries()) {
      assert.ok(pause <= Math.min(MINUTE, SECOND * 2 ** attempt), `pause ${attempt}: ${pause}`)
    }
    assert.ok(new Set(pauses).size > pauses.length / 2, 'no two are the same')
    assert.ok(Math.max(...pauses.slice(6)) > 5 * SECOND, 'they grow')
  })
})
