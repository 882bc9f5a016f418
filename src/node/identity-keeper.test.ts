/** What a node does about clocks that are wrong, and when the hub has given it up. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { describe, it } from 'node:test'
import { FakeClock } from '../../test/fakes/clock.ts'
import { FakeNodeHub } from '../../test/fakes/node-hub.ts'
import { DAY, HOUR, MINUTE } from '../base/clock.ts'
import { systemFileSystem } from '../base/file-system.ts'
import { systemRandom } from '../base/random.ts'
import { HubError } from '../client/identity-hub.ts'
import { GivenToken } from '../identity/given-token.ts'
import { RenewalTrigger } from '../identity/renewal-trigger.ts'
import { generatePrivateKey } from '../ssh/private-key.ts'
import { publicKeyFrom } from '../ssh/public-key.ts'
import { AgentProgress } from './agent-progress.ts'
import { CurrentIdentity } from './current-identity.ts'
import { IdentityKeeper, type Published } from './identity-keeper.ts'
import type { IdentityEvent, NodeFailure } from './node-observer.ts'
import { nodePaths } from './node-paths.ts'
import type { NodeRenewer } from './node-renewer.ts'
import { NodeState } from './node-state.ts'
import { type NodeToken, readNodeToken } from './parameters.ts'

const HOST_KEY = publicKeyFrom(generatePrivateKey('ssh-ed25519'))

function never(): never {
  throw new Error('this is not to happen')
}

/** A node that joins and renews until it has seen enough, in no time. */
class Scene implements AsyncDisposable {
  readonly clock = new FakeClock()
  /** Of the hub's clock from this machine's. */
  skewMs = 0
  readonly hub = new FakeNodeHub({ now: () => this.clock.now() + this.skewMs })
  readonly events: IdentityEvent[] = []
  readonly failures: NodeFailure[] = []
  readonly warnings: string[] = []
  readonly directory: string

  constructor(directory: string) {
    this.directory = directory
  }

  static async open(): Promise<Scene> {
    return new Scene(await mkdtemp(`${tmpdir()}/mezite-keeper-`))
  }

  token(text = this.hub.newToken()): NodeToken {
    return readNodeToken({ joinToken: text, trust: undefined }) ?? never()
  }

  /** @param until asked after each thing that happens; also sets how the hub's clock goes */
  async run(
    until: (scene: Scene) => boolean,
    readAgain?: () => Promise<NodeToken | undefined>,
  ): Promise<void> {
    const stop = new AbortController()
    const look = () => until(this) && stop.abort()
    const renewer: NodeRenewer = {
      hub: this.hub,
      parameters: { authServer: { host: 'hub.example', port: 3025 }, trust: undefined },
      state: new NodeState(systemFileSystem, this.directory),
      signal: stop.signal,
      description: { name: 'web-1', labels: {}, hosts: ['web-1'], port: 22, sshdVersion: '9.2p1' },
      hostKey: HOST_KEY,
    }
    const token = this.token()
    const progress = new AgentProgress(systemFileSystem, this.directory)
    const keeper = new IdentityKeeper({
      ports: { clock: this.clock, random: systemRandom },
      renewer,
      token: new GivenToken(token, readAgain),
      trigger: new RenewalTrigger(),
      progress,
      observer: {
        onBegin: () => {},
        onEnd: () => {},
        onRunning: never,
        onConnection: never,
        onApplied: never,
        onSession: never,
        onIdentity: (event) => {
          this.events.push(event)
          look()
        },
        onFailure: (failure) => {
          this.failures.push(failure)
          look()
        },
        onWarning: (message) => void this.warnings.push(message),
      },
    })
    const current = new CurrentIdentity(await keeper.join(token))
    await keeper.run({ current, ...PLACED })
    await progress.settled()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true })
  }
}

/** An sshd that has each certificate already. */
const PLACED: Omit<Published, 'current'> = {
  sshd: {
    version: { text: '9.2p1', major: 9, minor: 2 },
    paths: nodePaths('/nowhere'),
    hostKey: { path: '/nowhere', publicKey: HOST_KEY },
    warnings: [],
    reloads: 0,
    install: async () => {},
    expectHostCertificate: async () => {},
    settle: async () => {},
    supervise: async () => {},
    uninstall: async () => {},
  },
  files: { hasHostCertificate: async () => true, writeHostCertificate: async () => never() },
}

function generations({ events }: Scene): readonly bigint[] {
  return events.map(({ identity }) => identity.generation)
}

describe('a node whose hub has a clock that jumps', () => {
  for (const jump of [30 * DAY, -8 * DAY]) {
    it(`keeps a good host certificate while that is off by ${jump / DAY} days`, async () => {
      await using scene = await Scene.open()
      await scene.run(({ events, failures }) => {
        scene.skewMs = events.length > 0 && failures.length < 5 ? jump : 0
        return events.length === 2
      })
      const [first, second] = scene.events.map(({ identity }) => identity)
      assert.ok(first && second && second.issuedAt - first.issuedAt < DAY)
      assert.deepEqual(generations(scene), [1n, 2n], 'the same renewal, asked for again')
      assert.equal(scene.failures.length, 5)
      assert.match(
        String(scene.failures[0]?.error),
        /the hub's clock has jumped: .* on this machine/,
      )
      assert.ok(scene.failures.every(({ retryInMs = 0 }) => retryInMs <= MINUTE))
      assert.equal(scene.hub.locked, 0)
    })
  }

  it('takes no identity that has ended by its own date', async () => {
    await using scene = await Scene.open()
    scene.hub.hostCertificateTtlMs = 2 * HOUR
    const start = scene.clock.now()
    await scene.run(({ events }) => {
      const isBehind = events.length > 0 && scene.clock.now() < start + 3 * HOUR
      scene.skewMs = isBehind ? -2 * DAY : 0
      return events.length === 2
    })
    assert.deepEqual(generations(scene), [1n, 2n])
    assert.ok(scene.failures.length > 60 && scene.failures.length < 600, 'no busy loop')
  })

  it('takes what it gets where its own clock is the wrong one', async () => {
    await using scene = await Scene.open()
    await scene.run(({ events }) => {
      if (events.length === 1 && scene.skewMs === 0) {
        scene.clock.step(30 * DAY)
        scene.skewMs = -30 * DAY
      }
      return events.length === 3
    })
    assert.deepEqual(generations(scene), [1n, 2n, 3n])
    assert.deepEqual(scene.failures, [])
    assert.ok(scene.warnings.length >= 2)
  })
})

describe('a node that the hub has given up', () => {
  it('joins anew with the token that its file has by then', async () => {
    await using scene = await Scene.open()
    const renew = scene.hub.renewNode.bind(scene.hub)
    scene.hub.renewNode = async (...it) => {
      if (scene.events.length > 1) return await renew(...it)
      throw new HubError('refused', 'expired', { hubCode: 'identity-expired' })
    }
    const spent = scene.token()
    const join = scene.hub.joinNode.bind(scene.hub)
    scene.hub.joinNode = async (token, ...it) => {
      if (token !== spent.text) return await join(token, ...it)
      throw new HubError('refused', 'expired', { hubCode: 'token-expired' })
    }
    const next = scene.token()
    const given = [undefined, new Error('no such file'), spent, spent, next]
    let reads = 0
    await scene.run(
      ({ events }) => events.length === 3,
      async () => {
        const token = given[Math.min(reads++, given.length - 1)]
        if (token instanceof Error) throw token
        return token
      },
    )
    assert.deepEqual(
      scene.events.map(({ by }) => by),
      ['joined', 'joined', 'renewed'],
    )
    assert.deepEqual(scene.warnings, ["the join token can't be read: no such file"])
    const joins = scene.failures.filter(({ error }) => /token-expired/.test(codeOf(error)))
    assert.equal(joins.length, 1, 'a token that is refused is tried once')
  })
})

function codeOf(error: unknown): string {
  return error instanceof HubError ? (error.hubCode ?? '') : ''
}
