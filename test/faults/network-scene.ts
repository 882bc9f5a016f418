/** A real hub behind a link that goes wrong, and machines that reach it through that link alone. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { systemFileSystem } from '../../src/base/file-system.ts'
import { createGrpcIdentityHub } from '../../src/client/grpc-identity-hub.ts'
import { createGrpcNodeHub } from '../../src/client/grpc-node-hub.ts'
import type { Identity } from '../../src/identity/identity.ts'
import { type IdentityParameters, readToken } from '../../src/identity/parameters.ts'
import { join as joinHub, type Renewer, renewOnce } from '../../src/identity/renewer.ts'
import { stateDirectory } from '../../src/identity/state.ts'
import type { NodeIdentity } from '../../src/node/node-identity.ts'
import { joinNode, type NodeRenewer, renewNode } from '../../src/node/node-renewer.ts'
import { NodeState } from '../../src/node/node-state.ts'
import { readNodeToken } from '../../src/node/parameters.ts'
import { generatePrivateKey } from '../../src/ssh/private-key.ts'
import { publicKeyFrom } from '../../src/ssh/public-key.ts'
import { DEPLOYER, LOCAL } from '../fakes/auth.ts'
import { FaultyLink } from '../fakes/faulty-link.ts'
import { openTestHub, type TestHub } from '../fakes/hub.ts'

export const BOT = 'github-deploy'

/** What joins, and then renews: what it holds is on its disk. */
export interface Machine<Held> {
  join(): Promise<Held>
  renew(held: Held): Promise<Held>
  /** What is on its disk. */
  newest(): Promise<Held>
}

export interface BotMachine extends Machine<Identity> {
  readonly renewer: Renewer
  /** The same machine, for calls that are to succeed however busy it is. */
  readonly patient: Pick<Machine<Identity>, 'join' | 'renew'>
}

export interface Patience {
  readonly timeoutMs?: number
  readonly keepAliveMs?: number
}

const PATIENCE: Patience = { timeoutMs: 2_000 }

export class NetworkScene implements AsyncDisposable {
  readonly hub: TestHub
  readonly link: FaultyLink
  readonly #directory: string
  #machines = 0

  constructor(hub: TestHub, link: FaultyLink, directory: string) {
    this.hub = hub
    this.link = link
    this.#directory = directory
  }

  static async open(): Promise<NetworkScene> {
    const hub = await openTestHub()
    await hub.auth.roles.create(LOCAL, DEPLOYER)
    await hub.auth.bots.create(LOCAL, { name: BOT, roles: ['ci-deployer'], token: {} })
    const link = await FaultyLink.open(hub.address)
    return new NetworkScene(hub, link, await mkdtemp(join(tmpdir(), 'mezite-network-')))
  }

  async bot(patience = PATIENCE): Promise<BotMachine> {
    const path = await this.#newDirectory()
    const { value } = (await this.hub.auth.bots.rotateToken(LOCAL, BOT, {})).token
    const parameters: IdentityParameters = {
      authServer: this.link.address,
      joinToken: value,
      destination: '/nowhere',
      stateDirectory: path,
      renewalIntervalMs: undefined,
      certificateTtlMs: undefined,
      keyLifetimeMs: 0,
      oneShot: false,
      readerUser: undefined,
      readerGroup: undefined,
      trust: undefined,
    }
    const client = { version: '1.2.3', hostname: 'ci-7' }
    const hubOf = (patience: Patience) =>
      createGrpcIdentityHub({ clock: systemClock, client, ...patience })
    const renewer: Renewer = {
      hub: hubOf(patience),
      parameters,
      state: stateDirectory(systemFileSystem, path),
      signal: undefined,
    }
    const token = there(readToken(parameters))
    const callsOf = (renewer: Renewer) => ({
      join: () => joinHub(renewer, token),
      renew: (identity: Identity) => renewOnce(renewer, identity, true),
    })
    return {
      ...callsOf(renewer),
      renewer,
      patient: callsOf({ ...renewer, hub: hubOf({ timeoutMs: 30_000 }) }),
      newest: async () => there(await renewer.state.readIdentity()),
    }
  }

  async node(name: string): Promise<Machine<NodeIdentity>> {
    const { value: joinToken } = await this.hub.auth.nodeTokens.create(LOCAL, {})
    const renewer: NodeRenewer = {
      hub: createGrpcNodeHub({ clock: systemClock, version: '1.2.3', ...PATIENCE }),
      parameters: { authServer: this.link.address, trust: undefined },
      state: new NodeState(systemFileSystem, await this.#newDirectory()),
      signal: new AbortController().signal,
      description: { name, labels: {}, hosts: [name], port: 22, sshdVersion: '9.2p1' },
      hostKey: publicKeyFrom(generatePrivateKey('ssh-ed25519')),
    }
    const token = there(readNodeToken({ joinToken, trust: undefined }))
    return {
      join: () => joinNode(renewer, token),
      renew: (identity) => renewNode(renewer, identity),
      newest: async () => there(await renewer.state.readIdentity()),
    }
  }

  /** For the rates that the hub sets; its date stays what it is, since OpenSSL judges by its own. */
  passTime(milliseconds: number): void {
    this.hub.auth.clock.advance(milliseconds)
    this.hub.auth.clock.step(-milliseconds)
  }

  async #newDirectory(): Promise<string> {
    const path = join(this.#directory, String(++this.#machines))
    await mkdir(path, { mode: 0o700 })
    return path
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.link[Symbol.asyncDispose]()
    await this.hub[Symbol.asyncDispose]()
    await rm(this.#directory, { recursive: true })
  }
}

function there<Value>(value: Value | undefined): Value {
  assert.ok(value)
  return value
}
