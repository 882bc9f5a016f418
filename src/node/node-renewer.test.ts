import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { describe, it } from 'node:test'
import { FakeClock } from '../../test/fakes/clock.ts'
import { type Fault, FaultyFileSystem } from '../../test/fakes/faulty-file-system.ts'
import { FakeNodeHub } from '../../test/fakes/node-hub.ts'
import { type FileSystem, systemFileSystem } from '../base/file-system.ts'
import { dropAnswered } from '../identity/exchange.ts'
import { generatePrivateKey } from '../ssh/private-key.ts'
import { publicKeyFrom, type SshPublicKey } from '../ssh/public-key.ts'
import { hasSameIdentityKey } from './node-identity.ts'
import { joinNode, type NodeRenewer, renewNode } from './node-renewer.ts'
import { NodeState } from './node-state.ts'
import { readNodeToken } from './parameters.ts'

const HOST_KEYS = [1, 2].map(() => publicKeyFrom(generatePrivateKey('ssh-ed25519')))
const [FIRST = fail(), SECOND = fail()] = HOST_KEYS

function fail(): never {
  throw new Error('no key')
}

class Life implements AsyncDisposable {
  readonly clock = new FakeClock()
  readonly hub = new FakeNodeHub(this.clock)
  readonly token = readNodeToken({ joinToken: this.hub.newToken(), trust: undefined }) ?? fail()
  readonly directory: string

  constructor(directory: string) {
    this.directory = directory
  }

  static async open(): Promise<Life> {
    return new Life(await mkdtemp(`${tmpdir()}/mezite-node-`))
  }

  renewer(fs: FileSystem, hostKey: SshPublicKey): NodeRenewer {
    return {
      hub: this.hub,
      parameters: { authServer: { host: 'hub.example', port: 3025 }, trust: undefined },
      state: new NodeState(fs, this.directory),
      signal: new AbortController().signal,
      description: { name: 'web-1', labels: {}, hosts: ['web-1'], port: 22, sshdVersion: '9.2p1' },
      hostKey,
    }
  }

  /** A join where there is no identity, then a renewal. */
  async advance(fs: FileSystem, hostKey = FIRST): Promise<void> {
    const renewer = this.renewer(fs, hostKey)
    const { state } = renewer
    const found = (await state.readIdentity()) ?? (await joinNode(renewer, this.token))
    await dropAnswered(state, found, hasSameIdentityKey)
    await dropAnswered(state, await renewNode(renewer, found), hasSameIdentityKey)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true })
  }
}

async function recover(fault: Fault, loseAnswer: (call: number) => boolean): Promise<void> {
  await using life = await Life.open()
  life.hub.loseAnswer = loseAnswer
  await life.advance(new FaultyFileSystem(fault).fileSystem).catch(() => undefined)
  life.hub.loseAnswer = () => false
  // The host key has been replaced meanwhile: what was asked for must be asked for again all the same.
  await life.advance(new FaultyFileSystem().fileSystem, SECOND)
  await life.advance(systemFileSystem, SECOND)
  assert.equal(life.hub.locked, 0, 'no honest node is locked')
  const identity = await new NodeState(systemFileSystem, life.directory).readIdentity()
  assert.equal(identity?.generation, life.hub.generation)
  assert.ok(identity?.hostKey.blob.equals(SECOND.blob))
  assert.deepEqual(await readdir(life.directory), ['node.json'])
}

describe('a node that', async () => {
  const counting = new FaultyFileSystem()
  {
    await using life = await Life.open()
    await life.advance(counting.fileSystem)
  }
  const calls = Array.from({ length: counting.calls }, (_, index) => index + 1)

  it(`dies at any of ${calls.length} calls to the file system recovers`, async () => {
    for (const call of calls) await recover({ kind: 'dies', call }, () => false)
  })

  it('dies at any of them recovers, though an answer of the hub was lost too', async () => {
    for (const call of calls) await recover({ kind: 'dies', call }, (number) => number === 2)
  })

  it('meets one call that fails recovers', async () => {
    for (const call of calls) await recover({ kind: 'before', call }, () => false)
  })

  it('goes on from the identity that it has in memory after any of them recovers', async () => {
    for (const call of calls) {
      await using life = await Life.open()
      const faulty = new FaultyFileSystem({ kind: 'after', call })
      const renewer = life.renewer(faulty.fileSystem, FIRST)
      const { state } = renewer
      const whole = async () => {
        const joined = await joinNode(renewer, life.token)
        return () => renewNode(renewer, joined)
      }
      const renew = await whole().catch(whole)
      const identity = await renew().catch(renew)
      const drop = () => dropAnswered(state, identity, hasSameIdentityKey)
      await drop().catch(drop)
      const again = () => renewNode(renewer, identity)
      assert.equal((await again().catch(again)).generation, 3n)
      assert.equal(life.hub.locked, 0)
    }
  })
})

describe("the hub's answer", () => {
  it('is refused where it is not the one that was asked for', async () => {
    await using life = await Life.open()
    const renewer = life.renewer(systemFileSystem, FIRST)
    const identity = await joinNode(renewer, life.token)
    const useless = [
      { generation: 1n },
      { name: 'web-2' },
      { identityCertificate: identity.identityCertificate },
      { hostCertificate: identity.hostCertificate.blob.subarray(1) },
    ]
    for (const changes of useless) {
      const hub = new FakeNodeHub(life.clock)
      hub.renewNode = async (...it) => ({
        ...(await life.hub.renewNode(...it)),
        ...changes,
      })
      await assert.rejects(renewNode({ ...renewer, hub }, identity), { code: 'bad-issue' })
    }
    assert.equal((await renewNode(renewer, identity)).generation, 2n)
    assert.equal(life.hub.locked, 0)
  })

  it('holds no identity of a bot', () => {
    const joinToken = new FakeNodeHub(new FakeClock()).newToken('bot')
    assert.throws(() => readNodeToken({ joinToken, trust: undefined }), { code: 'wrong-token' })
  })
})
