import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { DEPLOYER, LOCAL } from '../../../test/fakes/auth.ts'
import { ACCESS } from '../../auth/rpc/access.ts'
import { LOST_ACTS } from './lost-answer.ts'
import { startTestHub, type TestHub } from './testing/test-hub.ts'

/** Another way to a hub's socket, which can break. */
class Relay implements AsyncDisposable {
  readonly directory: string
  readonly #sockets = new Set<Socket>()
  readonly #server

  constructor(hub: TestHub, directory: string) {
    this.directory = directory
    this.#server = createServer((client) => {
      const there = connect({ path: join(hub.directory, 'hub.sock') })
      for (const [from, to] of [
        [client, there],
        [there, client],
      ] as const) {
        this.#sockets.add(from)
        from.on('error', () => {})
        from.on('data', (data) => to.write(data))
        from.on('close', () => to.destroy())
      }
    })
  }

  static async open(hub: TestHub): Promise<Relay> {
    const relay = new Relay(hub, await mkdtemp(join(tmpdir(), 'mezite-relay-')))
    await new Promise<void>((resolve) => {
      relay.#server.listen(join(relay.directory, 'hub.sock'), resolve)
    })
    return relay
  }

  /** As when the hub dies, or only a connection. */
  break(what: 'hub' | 'connection'): void {
    if (what === 'hub') this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) this.break('hub')
    await rm(this.directory, { recursive: true })
  }
}

describe('a verb whose answer is lost', () => {
  let hub: TestHub
  before(async () => {
    hub = await startTestHub()
    await hub.auth.roles.create(LOCAL, DEPLOYER)
  })
  after(() => hub[Symbol.asyncDispose]())

  for (const what of ['connection', 'hub'] as const) {
    it(`says that it may be done, and how to look, when the ${what} has gone`, async () => {
      await using relay = await Relay.open(hub)
      const create = hub.auth.bots.create
      hub.auth.bots.create = async (...it) => {
        const created = await create.apply(hub.auth.bots, it)
        relay.break(what)
        return created
      }
      const name = `lost-${what}`
      const env = { MEZITE_DATA_DIR: relay.directory }
      const words = ['bots', 'add', name, '--roles=ci-deployer', '--format=json']
      const { code, stderr, stdout } = await hub.mezctl(words, { env })
      hub.auth.bots.create = create
      assert.deepEqual([code, stdout], [6, ''])
      const { error } = JSON.parse(stderr)
      assert.equal(error.code, 'unreachable')
      assert.match(error.hint, /whether the hub has done it isn't known: .*mezctl bots show NAME/)
      assert.match(error.hint, /mezctl bots rotate-token NAME prints a token/)
      assert.equal((await hub.mezctl(['bots', 'show', name])).code, 0, 'it was done')
    })
  }

  it('says no such thing where nothing can have been done, or nothing was to be done', async () => {
    await using relay = await Relay.open(hub)
    const env = { MEZITE_DATA_DIR: relay.directory }
    const status = hub.auth.bots.list
    hub.auth.bots.list = async (...it) => {
      relay.break('connection')
      return await status.apply(hub.auth.bots, it)
    }
    const looked = await hub.mezctl(['bots', 'ls'], { env })
    hub.auth.bots.list = status
    assert.equal(looked.code, 6)
    relay.break('hub')
    const acted = await hub.mezctl(['bots', 'rm', 'lost-hub'], { env })
    assert.equal(acted.code, 6)
    for (const { stderr } of [looked, acted]) assert.doesNotMatch(stderr, /isn't known/)
  })

  it('is one of those that do something', () => {
    const isLook = /\/(List|Get|Check|Follow|Verify|ReadExport|StartExport)/
    const acts = [...ACCESS].filter(([rpc, kinds]) => kinds.includes('admin') && !isLook.test(rpc))
    const named = acts.map(([rpc]) => rpc).filter((rpc) => !NOT_OF_ADMINS.has(rpc))
    assert.deepEqual([...LOST_ACTS].sort(), named.sort())
  })
})

/** Open to everybody, for machines. */
const NOT_OF_ADMINS = new Set(['mezite.v1.JoinService/Join', 'mezite.v1.NodeJoinService/JoinNode'])
