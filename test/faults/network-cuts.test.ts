/**
 * A connection that ends after any number of bytes, in either direction: no honest bot or node is
 * locked, and its next try works. Real TLS between a real hub and the real client, in this process.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { SECOND } from '../../src/base/clock.ts'
import { HubError } from '../../src/client/identity-hub.ts'
import type { Direction, Ending } from '../fakes/faulty-link.ts'
import { BOT, type Machine, NetworkScene } from './network-scene.ts'

/** Between two cuts, in bytes: TLS records and HTTP/2 frames are longer. */
const STEP = 64
const ENDINGS: readonly Ending[] = ['close', 'reset', 'half-close']
const DIRECTIONS: readonly Direction[] = ['up', 'down']

describe('a connection that is cut', () => {
  let scene: NetworkScene
  before(async () => {
    scene = await NetworkScene.open()
  })
  after(() => scene[Symbol.asyncDispose]())

  /** Runs it once, with the link as it should be, to see how much goes each way. */
  async function measure(act: () => Promise<unknown>) {
    scene.link.forget()
    await act()
    return { ...scene.link.passed }
  }

  /** Every cut of an exchange of that size. */
  function* cuts(size: Readonly<Record<Direction, number>>, step: number) {
    for (const direction of DIRECTIONS) {
      for (let n = 0; n * step < size[direction]; n++) {
        yield { direction, afterBytes: n * step, ending: ENDINGS[n % ENDINGS.length] ?? 'close' }
      }
    }
  }

  /** Tries through a link that breaks, then once more through one that doesn't. */
  async function tryTwice<Held>(
    machine: Machine<Held>,
    attempt: () => Promise<Held>,
    fault: NetworkScene['link']['fault'],
  ): Promise<{ readonly held: Held; readonly failed: boolean }> {
    scene.link.fault = fault
    const first: unknown = await attempt().catch((error: unknown) => error)
    scene.link.fault = {}
    // The whole answer may have come by the time of the cut.
    if (!(first instanceof Error)) return { held: await machine.newest(), failed: false }
    assert.ok(first instanceof HubError && first.code !== 'refused', `${first.stack}`)
    return { held: await attempt(), failed: true }
  }

  /** @returns how many tries have failed */
  async function renewThroughAll<Held extends { readonly generation: bigint }>(
    machine: Machine<Held>,
    size: Readonly<Record<Direction, number>>,
    step: number,
  ): Promise<number> {
    let held = await machine.newest()
    let failed = 0
    for (const cut of cuts(size, step)) {
      scene.passTime(2 * SECOND)
      const before = held
      const second = await tryTwice(machine, () => machine.renew(before), { cut })
      held = second.held
      failed += second.failed ? 1 : 0
      assert.equal(held.generation, before.generation + 1n, JSON.stringify(cut))
    }
    return failed
  }

  /** Renewals that the hub has answered once more. */
  async function repeats(type: 'bot.renew' | 'node.renew'): Promise<number> {
    const events = await scene.hub.auth.context.store.audit.list({ limit: 1_000, type })
    return events.filter(({ fields }) => fields?.['repeated'] === 'true').length
  }

  it("after any number of bytes of a bot's renewal costs nothing but another try", async (test) => {
    const bot = await scene.bot()
    const first = await bot.join()
    const size = await measure(() => bot.renew(first))
    const failed = await renewThroughAll(bot, size, STEP)
    const { locks, instances } = await scene.hub.auth.bots.get(BOT)
    assert.deepEqual(locks, [])
    const { generation, instanceId } = await bot.newest()
    assert.equal(instances.find(({ id }) => id === instanceId)?.generation, generation)
    const repeated = await repeats('bot.renew')
    assert.ok(repeated > 0, 'some answers got lost on their way')
    test.diagnostic(
      `${size.up} bytes up, ${size.down} down: ${failed} failed, ${repeated} repeated`,
    )
  })

  it("after any number of bytes of a node's renewal costs nothing but another try", async () => {
    const node = await scene.node('web-1')
    const first = await node.join()
    const size = await measure(() => node.renew(first))
    await renewThroughAll(node, size, STEP * 3)
    const { locks, node: stored } = await scene.hub.auth.nodes.get('web-1')
    assert.deepEqual([locks, stored.generation], [[], (await node.newest()).generation])
    assert.ok((await repeats('node.renew')) > 0)
  })

  it('after any number of bytes of a join costs nothing but another try', async () => {
    const measured = await scene.bot()
    const size = await measure(() => measured.join())
    let machines = 1
    for (const cut of cuts(size, STEP * 8)) {
      const bot = await scene.bot()
      machines += 1
      const { held } = await tryTwice(bot, () => bot.join(), { cut })
      assert.equal(held.generation, 1n, JSON.stringify(cut))
    }
    const { locks, instances } = await scene.hub.auth.bots.get(BOT)
    assert.deepEqual([locks.length, instances.length], [0, machines + 1])
  })
})
