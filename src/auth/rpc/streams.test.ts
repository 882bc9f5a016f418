import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openTestHub, type TestHub } from '../../../test/fakes/hub.ts'
import {
  identityHub,
  joinBot,
  joinNode,
  nodeHub,
  nodeRequest,
  to,
} from '../../../test/fakes/hub-members.ts'
import { type Clock, MINUTE, SECOND, systemClock } from '../../base/clock.ts'
import type { ClientCredential, Surroundings } from '../../client/identity-hub.ts'
import type { NodeUpdate } from '../../client/node-hub.ts'
import { NODE_LIFE } from '../lives.ts'

/** A stream that is read step by step. */
function read<Update>(stream: AsyncIterable<Update>) {
  const iterator = stream[Symbol.asyncIterator]()
  return {
    async next(): Promise<Update> {
      const { done, value } = await iterator.next()
      assert.ok(!done, 'the stream has ended')
      return value
    },
    /** How it ends, after whatever it still brings. */
    async end(): Promise<unknown> {
      try {
        while (!(await iterator.next()).done);
        return 'ended'
      } catch (error) {
        return Reflect.get(Object(error), 'hubCode') ?? error
      }
    },
    close: () => iterator.return?.(),
  }
}

const watchNode = (hub: TestHub, credential: ClientCredential) =>
  read<NodeUpdate>(nodeHub.watchNode(credential, to(hub)))
const watchIdentity = (hub: TestHub, credential: ClientCredential) =>
  read<Surroundings>(identityHub.watch(credential, to(hub)))

/** A clock whose sleepers wake when they are told to. */
function createAlarm() {
  const sleepers: { readonly milliseconds: number; readonly wake: () => void }[] = []
  const clockOf = (clock: Clock): Clock => ({
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        sleepers.push({ milliseconds, wake: resolve })
        signal?.addEventListener('abort', () => reject(signal.reason))
      }),
  })
  return { sleepers, clockOf }
}

describe("a node's stream", () => {
  it('tells everything at first, then what changes', async () => {
    await using hub = await openTestHub()
    const node = await joinNode(hub, 'web-1')
    await joinBot(hub, 'ci')
    const stream = watchNode(hub, node)
    const first = await stream.next()
    assert.equal(first.full, true)
    assert.deepEqual(
      first.groups.map(({ grants, principals }) => [grants, principals]),
      [
        [
          [
            {
              login: 'deploy',
              portForwarding: false,
              fileCopy: true,
              pty: true,
              sourceCidrs: [],
              forceCommand: undefined,
            },
          ],
          ['bot:ci'],
        ],
      ],
    )
    assert.deepEqual(first.locks, [])
    assert.equal(first.trust?.clusterId, hub.auth.context.store.clusterId)

    const { lock } = await hub.local.locks.createLock({ target: { case: 'bot', value: 'ci' } })
    const second = await stream.next()
    assert.deepEqual(second.locks, [{ kind: 'bot', bot: 'ci' }])
    assert.equal(second.revoked.length, 1)
    assert.equal(second.trust, undefined)
    await hub.local.locks.deleteLock({ id: lock?.id ?? '' })
    const third = await stream.next()
    assert.deepEqual([third.locks, third.forgotten], [[], second.revoked])

    const { node: shown } = await hub.local.nodes.getNode({ name: 'web-1' })
    assert.deepEqual([shown?.state, shown?.sshdVersion], ['online', 'OpenSSH_9.2p1'])
    const status = await hub.local.status.getStatus({})
    assert.deepEqual([status.nodes, status.nodesOnline], [1n, 1n])
    await stream.close()
  })

  it('ends with the removal of the node, after the word that nothing is granted', async () => {
    await using hub = await openTestHub()
    const node = await joinNode(hub, 'web-1')
    const stream = watchNode(hub, node)
    await stream.next()
    await hub.local.nodes.deleteNode({ name: 'web-1' })
    const last = await stream.next()
    assert.deepEqual([last.full, last.groups], [true, []])
    assert.equal(await stream.end(), 'node-removed')
    assert.equal(await watchNode(hub, node).end(), 'node-removed')
  })

  it('takes the place of the one before it', async () => {
    await using hub = await openTestHub()
    const node = await joinNode(hub, 'web-1')
    const other = await joinNode(hub, 'web-2')
    const [first, bystander] = [watchNode(hub, node), watchNode(hub, other)]
    await Promise.all([first.next(), bystander.next()])
    const second = watchNode(hub, node)
    await second.next()
    assert.equal(await first.end(), 'stream-replaced')
    await hub.local.nodes.updateNode({ name: 'web-1', labels: { env: 'dev' } })
    assert.equal((await hub.local.status.getStatus({})).nodesOnline, 2n)
    await Promise.all([second.close(), bystander.close()])
  })

  it('ends once its certificate is two generations old', async () => {
    await using hub = await openTestHub()
    const first = await joinNode(hub, 'web-1')
    const stream = watchNode(hub, first)
    await stream.next()
    const renew = async (credential: ClientCredential) => {
      const { privateKey, request } = nodeRequest('web-1')
      const issued = await nodeHub.renewNode(credential, request, to(hub))
      return { privateKey, certificate: issued.identityCertificate }
    }
    const second = await renew(first)
    const still = watchNode(hub, first)
    await still.next()
    assert.equal(await stream.end(), 'stream-replaced')
    await renew(second)
    assert.equal(await still.end(), 'unauthenticated')
    assert.equal(await watchNode(hub, first).end(), 'generation-mismatch')
  })

  it('ends with the certificate that it was opened with', async () => {
    const { clockOf, sleepers } = createAlarm()
    await using hub = await openTestHub(clockOf)
    const node = await joinNode(hub, 'web-1')
    const before = sleepers.length
    hub.auth.clock.advance(NODE_LIFE - 5 * MINUTE)
    const stream = watchNode(hub, node)
    await stream.next()
    const sleeper = sleepers[before]
    assert.ok(sleeper && Math.abs(sleeper.milliseconds - 5 * MINUTE) <= SECOND)
    hub.auth.clock.advance(5 * MINUTE)
    sleeper.wake()
    assert.equal(await stream.end(), 'identity-expired')
    assert.equal(await watchNode(hub, node).end(), 'identity-expired')
  })

  it('ends within the hour, and well', async () => {
    const { clockOf, sleepers } = createAlarm()
    await using hub = await openTestHub(clockOf)
    const node = await joinNode(hub, 'web-1')
    const before = sleepers.length
    const stream = watchNode(hub, node)
    await stream.next()
    const sleeper = sleepers[before]
    assert.ok(sleeper && sleeper.milliseconds > 30 * MINUTE && sleeper.milliseconds <= 50 * MINUTE)
    sleeper.wake()
    assert.equal(await stream.end(), 'ended')
  })

  it('is gone when its reader is', async () => {
    await using hub = await openTestHub()
    const node = await joinNode(hub, 'web-1')
    const stream = watchNode(hub, node)
    await stream.next()
    await stream.close()
    const isOffline = async () => (await hub.local.status.getStatus({})).nodesOnline === 0n
    while (!(await isOffline())) await systemClock.sleep(10)
    const { nodes } = await hub.local.nodes.listNodes({})
    assert.deepEqual(
      nodes.map(({ name, state }) => [name, state]),
      [['web-1', 'offline']],
    )
  })

  it('is cut off where its reader falls behind, and not the others', async () => {
    await using hub = await openTestHub()
    const [lazy, keen] = [await joinNode(hub, 'web-1'), await joinNode(hub, 'web-2')]
    const [slow, fast] = [watchNode(hub, lazy), watchNode(hub, keen)]
    await slow.next()
    await fast.next()
    const message = 'x'.repeat(500)
    let isBehind = false
    for (let round = 0; !isBehind; round++) {
      assert.ok(round < 100, 'a reader that never reads is never cut off')
      await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          hub.local.locks.createLock({
            target: { case: 'login', value: `l${round}-${index}` },
            message,
          }),
        ),
      )
      await fast.next()
      isBehind = (await hub.local.nodes.getNode({ name: 'web-1' })).node?.state === 'offline'
    }
    assert.equal(await slow.end(), 'stream-overrun')
    await hub.local.locks.createLock({ target: { case: 'login', value: 'last' } })
    const has = ({ locks }: NodeUpdate) => locks?.some((it) => 'login' in it && it.login === 'last')
    while (!has(await fast.next()));
    await fast.close()
  })
})

describe("a bot's stream", () => {
  it('brings the nodes that it may enter, whenever they change', async () => {
    await using hub = await openTestHub()
    const bot = await joinBot(hub, 'ci')
    const stream = watchIdentity(hub, bot)
    assert.deepEqual((await stream.next()).nodes, [])
    await joinNode(hub, 'web-1')
    const { nodes, trust } = await stream.next()
    assert.deepEqual(nodes, [
      { name: 'web-1', host: 'web-1.example', port: 22, logins: ['deploy'] },
    ])
    assert.equal(trust.hostCas.length, 1)
    await hub.local.locks.createLock({ target: { case: 'node', value: 'web-1' } })
    assert.deepEqual((await stream.next()).nodes, [])
    await hub.local.bots.deleteBot({ name: 'ci' })
    assert.equal(await stream.end(), 'bot-removed')
  })
})

describe('the end of the hub', () => {
  it('ends streams at once and well', async () => {
    await using hub = await openTestHub()
    const stream = watchNode(hub, await joinNode(hub, 'web-1'))
    await stream.next()
    const [end] = await Promise.all([stream.end(), hub.server.close(30 * SECOND)])
    assert.equal(end, 'ended')
  })
})
