import assert from 'node:assert/strict'
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'
import { parseHostBlocks } from '../../../src/cli/msh/host-block.ts'
import { HubError } from '../../../src/client/identity-hub.ts'
import { readIssuedIdentity, readSurroundings } from '../../../src/client/issued-identity.ts'
import { readIssuedNode, readNodeUpdate } from '../../../src/client/node-answers.ts'
import {
  IssuedIdentitySchema,
  WatchIdentityResponseSchema,
} from '../../../src/gen/mezite/v1/identity_pb.js'
import { IssuedNodeSchema, WatchNodeResponseSchema } from '../../../src/gen/mezite/v1/node_pb.js'
import { acceptIssued } from '../../../src/identity/accept.ts'
import { IdentityError } from '../../../src/identity/errors.ts'
import { drawKey, type Identity } from '../../../src/identity/identity.ts'
import { surrounded } from '../../../src/identity/identity-watch.ts'
import { outputFiles } from '../../../src/identity/output-files.ts'
import { NodeError } from '../../../src/node/errors.ts'
import { Grants } from '../../../src/node/grants.ts'
import { acceptIssuedNode } from '../../../src/node/node-accept.ts'
import { principalsFile } from '../../../src/node/principals-file.ts'
import { toTimestamp } from '../../../src/rpc/times.ts'
import { encodeKrl } from '../../../src/ssh/krl.ts'
import { publicKeyFrom } from '../../../src/ssh/public-key.ts'
import { serialRanges } from '../../../src/ssh/serial-range.ts'
import { FakeClock } from '../../fakes/clock.ts'
import { FakeIdentityHub } from '../../fakes/identity-hub.ts'
import { FakeNodeHub } from '../../fakes/node-hub.ts'
import { BYTE_MUTATIONS } from '../engine/mutate.ts'
import { type FuzzTarget, unlessRefused } from '../engine/target.ts'
import { protobufMutation } from '../engine/tree.ts'

const HUB = { host: 'hub.example', port: 3025 }
const KEYS = { identityKey: drawKey(), sshKey: drawKey() }
const HOST_KEY = publicKeyFrom(drawKey())
const QUESTION = { ...KEYS, hub: HUB, tokenId: 'ab'.repeat(32), previous: undefined }
const fakeHub = new FakeIdentityHub(new FakeClock())
const fakeNodeHub = new FakeNodeHub(new FakeClock())
/** Bot and node as they are before an answer comes. */
const before: { identity?: Identity } = {}

/** True for an answer that something was made of. */
type Reader = (bytes: Buffer) => boolean

const READERS: readonly Reader[] = [
  (bytes) => {
    const message = decode(IssuedIdentitySchema, bytes)
    const issued = message && unlessRefused(() => readIssuedIdentity(message), HubError)
    const identity = issued && unlessRefused(() => acceptIssued(issued, QUESTION), IdentityError)
    if (identity !== undefined) checkOutputs(identity)
    return issued !== undefined
  },
  (bytes) => {
    const message = decode(WatchIdentityResponseSchema, bytes)
    const told = message && unlessRefused(() => readSurroundings(message), HubError)
    const { identity } = before
    if (told === undefined || identity === undefined) return false
    // The watch takes whatever is thrown here for a failure of the hub's, and asks again.
    const next = unlessRefused(() => surrounded(identity, told), Error)
    if (next !== undefined) checkOutputs(next)
    return true
  },
  (bytes) => {
    const message = decode(IssuedNodeSchema, bytes)
    const issued = message && unlessRefused(() => readIssuedNode(message), HubError)
    const { identityKey } = KEYS
    const question = { ...QUESTION, identityKey, hostKey: HOST_KEY, name: 'web-1' }
    if (issued) unlessRefused(() => acceptIssuedNode(issued, question), NodeError)
    return issued !== undefined
  },
  (bytes) => {
    const message = decode(WatchNodeResponseSchema, bytes)
    const update = message && unlessRefused(() => readNodeUpdate(message), HubError)
    if (update === undefined) return false
    const grants = new Grants()
    const { problems } = grants.apply(update)
    for (const problem of problems) assert.ok(problem.length < bytes.length + 1_000)
    for (const login of grants.logins()) {
      assert.match(login, /^[A-Za-z_][\w.-]*$/, 'it is the name of a file')
      const entries = grants.entries(login)
      const text = principalsFile(entries, { noFileCopy: '/x', expiresAt: 0 })
      const lines = text.split('\n').slice(0, -1)
      assert.equal(lines.length, entries.flatMap(({ principals }) => principals).length)
      for (const line of lines) {
        assert.match(line, /^restrict(,[^ "]+|,[a-z-]+="(\\"|[^"#\\]|\\(?!"))*")* bot:[^ #"]+$/)
      }
    }
    const serials = serialRanges(grants.revoked)
    const certificates = [{ authority: undefined, serials, keyIds: [] }]
    encodeKrl({ version: 0n, generatedDate: 0n, comment: '', certificates })
    return true
  },
]

/** What a hub says, to a bot or a node that takes nothing from it unread. The first byte chooses. */
export const hubAnswers: FuzzTarget = {
  name: 'hub-answers',
  largest: 8_192,
  words: [
    'bot:',
    'deploy',
    '\n',
    '#',
    '"',
    '\\',
    '*',
    'ProxyCommand',
    '10.0.0.0/8',
    '::',
    '../',
    '%h',
  ],
  mutations: [...BYTE_MUTATIONS, ...BYTE_MUTATIONS.map(protobufMutation)],
  seeds,
  async run(input) {
    before.identity ??= acceptIssued(await issue(), QUESTION)
    const read = READERS[(input[0] ?? 0) % READERS.length]
    return read?.(input.subarray(1)) ? 'accepted' : 'refused'
  },
}

function decode<Schema extends DescMessage>(
  schema: Schema,
  bytes: Buffer,
): MessageShape<Schema> | undefined {
  return unlessRefused(() => fromBinary(schema, bytes), Error)
}

/** Nothing that a hub says becomes more of ssh's configuration than what it is meant to be. */
function checkOutputs(identity: Identity): void {
  const { ssh_config: config } = outputFiles(identity, '/certs/.generations/1')
  const hosts = new Set(identity.nodes.map(({ host }) => host.replaceAll('%', '%%')))
  const names = new Set(identity.nodes.map(({ name }) => name))
  for (const { names: given, values } of parseHostBlocks(config)) {
    assert.ok(given.every((name) => names.has(name)))
    assert.ok(hosts.has(values.get('hostname') ?? ''))
    const keywords = [...values.keys()].join(' ')
    assert.match(
      keywords,
      /^hostname port (user )?identityfile certificatefile userknownhostsfile identitiesonly stricthostkeychecking hostkeyalgorithms$/,
    )
  }
}

function issue() {
  return fakeHub.join(fakeHub.newToken(), {
    identityKey: KEYS.identityKey,
    sshPublicKey: publicKeyFrom(KEYS.sshKey).blob,
    ...{ certificateTtlMs: undefined, renewalIntervalMs: undefined },
  })
}

async function seeds(): Promise<readonly Buffer[]> {
  const issued = await issue()
  const ofNode = await fakeNodeHub.joinNode(fakeNodeHub.newToken(), {
    identityKey: KEYS.identityKey,
    hostPublicKey: HOST_KEY.blob,
    node: { name: 'web-1', labels: {}, hosts: ['web-1'], port: 22, sshdVersion: '9.2p1' },
  })
  const hubTime = toTimestamp(issued.hubTime)
  const trust = {
    clusterId: issued.clusterId,
    tlsCa: [...issued.tlsCas],
    userCa: [...issued.userCas],
    hostCa: [...issued.hostCas],
  }
  const nodes = [
    { name: 'web-1', host: '192.0.2.1', port: 22, logins: ['deploy'] },
    { name: 'web-2', host: 'fe80::1%eth0', port: 2222, logins: ['a', 'b'] },
  ]
  const { bot, instanceId, generation, identityCertificate, sshCertificate } = issued
  const fields = { bot, instanceId, generation, identityCertificate, sshCertificate }
  const grant = {
    ...{ login: 'deploy', pty: true, sourceCidrs: ['10.0.0.0/8'], forceCommand: '/x "y"' },
  }
  const group = { id: 'g', grants: [grant, { login: 'ops' }], principals: ['bot:ci', 'bot:cd'] }
  const locks = [
    { target: { case: 'bot', value: 'ci' } as const },
    { target: { case: 'instance', value: { id: instanceId, bot: 'ci' } } as const },
  ]
  const full = { full: true, groups: [group], revoked: [1n, 2n, 2n ** 64n - 1n], hasLocks: true }
  const seed = <Schema extends DescMessage>(
    index: number,
    schema: Schema,
    init: MessageInitShape<Schema>,
  ) => Buffer.concat([Buffer.of(index), toBinary(schema, create(schema, init))])
  return [
    seed(0, IssuedIdentitySchema, { ...fields, hubTime, suggestedRenewal: hubTime, trust, nodes }),
    seed(1, WatchIdentityResponseSchema, { trust, nodes }),
    seed(1, WatchIdentityResponseSchema, { trust, nodes: nodes.slice(0, 1) }),
    seed(2, IssuedNodeSchema, {
      ...{ name: 'web-1', instanceId: ofNode.instanceId, generation: 1n, hubTime, trust },
      identityCertificate: ofNode.identityCertificate,
      hostCertificate: ofNode.hostCertificate,
    }),
    seed(3, WatchNodeResponseSchema, { ...full, locks, trust }),
    seed(3, WatchNodeResponseSchema, {
      memberships: [{ group: 'g', added: ['bot:x'] }],
      removedGroups: ['g'],
      endSessions: ['ab'],
    }),
  ]
}
