import assert from 'node:assert/strict'
import { create, type DescMethod, toBinary } from '@bufbuild/protobuf'
import type { Caller } from '../../../src/auth/caller.ts'
import { AuthError } from '../../../src/auth/errors.ts'
import { ACCESS } from '../../../src/auth/rpc/access.ts'
import { hubRpcs } from '../../../src/auth/rpc/handlers/all.ts'
import type { Rpc } from '../../../src/auth/rpc/rpc.ts'
import { DAY } from '../../../src/base/clock.ts'
import * as admin from '../../../src/gen/mezite/v1/admin_pb.js'
import * as identity from '../../../src/gen/mezite/v1/identity_pb.js'
import * as node from '../../../src/gen/mezite/v1/node_pb.js'
import { methodName } from '../../../src/rpc/method-name.ts'
import { toDuration, toTimestamp } from '../../../src/rpc/times.ts'
import { callerOf, DEPLOYER, LOCAL, newRequest, openTestAuth, STRANGER } from '../../fakes/auth.ts'
import { newNodeRequest, nodeCallerOf } from '../../fakes/nodes.ts'
import { BYTE_MUTATIONS } from '../engine/mutate.ts'
import type { FuzzTarget, Verdict } from '../engine/target.ts'
import { protobufMutation } from '../engine/tree.ts'

/** Stand for a token that is good, in its length. */
const TOKENS = { bot: `tok-bot-${'a'.repeat(56)}`, node: `tok-node-${'a'.repeat(56)}` }

const REMOTE_ADMIN: Caller = {
  ...{ kind: 'admin', name: 'alice', address: '192.0.2.7' },
  keyFingerprint: Buffer.alloc(32),
}

type World = Awaited<ReturnType<typeof openWorld>>
let world: Promise<World> | undefined

/**
 * Any call to a hub, with its whole domain and a real store behind it, as a caller who may make it.
 * The first byte chooses the call. Whatever is asked for, the hub doesn't fail.
 */
export const hubRequests: FuzzTarget = {
  name: 'hub-requests',
  largest: 8_192,
  words: [
    'ci',
    'web-1',
    'ci-deployer',
    'deploy',
    TOKENS.bot,
    TOKENS.node,
    Buffer.of(0xff),
    Buffer.of(0x80),
  ],
  mutations: [...BYTE_MUTATIONS, ...BYTE_MUTATIONS.map((it) => first(protobufMutation(it)))],
  seeds,
  async run(input) {
    world ??= openWorld()
    const { rpcs, callerFor, withTokens } = await world
    const rpc = rpcs[(input[0] ?? 0) % rpcs.length]
    assert.ok(rpc)
    const caller = await callerFor(rpc)
    try {
      await call(rpc, withTokens(input.subarray(1)), caller)
      return 'accepted'
    } catch (error) {
      if (!(error instanceof AuthError) || error.code === 'internal') throw error
      assert.ok(error.message.length < 100 * input.length + 1_000)
      return 'refused'
    }
  },
  async close() {
    await (await world)?.close()
    world = undefined
  },
}

async function call(rpc: Rpc, request: Buffer, caller: Caller): Promise<Verdict> {
  if (rpc.kind === 'unary') {
    const reply = await rpc.answer(request, caller)
    assert.ok(reply.length < 8 * 1024 * 1024)
    return 'accepted'
  }
  const ended = new AbortController()
  const subscribe = (subscription: () => () => void) => subscription()()
  const end = (error?: unknown) => {
    if (error !== undefined) throw error
  }
  const sending = { send: () => {}, drained: async () => {} }
  await rpc.open(request, caller, { signal: ended.signal, end, subscribe, ...sending })
  return 'accepted'
}

/** The first byte stays, and the rest is changed. */
function first(change: ReturnType<typeof protobufMutation>): typeof change {
  return (input, material) =>
    material.random.below(8) === 0
      ? change(input, material)
      : Buffer.concat([input.subarray(0, 1), change(input.subarray(1), material)])
}

async function openWorld() {
  const auth = await openTestAuth()
  const rpcs = hubRpcs(auth, '1.2.3', () => true)
  const options = { identityTtl: 30 * DAY, token: { ttl: 7 * DAY, uses: 1_000 } }
  /** As it was, whatever the calls before have made of it. */
  async function bot(): Promise<string> {
    await auth.roles.update(LOCAL, DEPLOYER).catch(() => auth.roles.create(LOCAL, DEPLOYER))
    await auth.bots.remove(LOCAL, 'ci').catch(() => {})
    const { token } = await auth.bots.create(LOCAL, {
      ...{ name: 'ci', roles: ['ci-deployer'] },
      ...options,
    })
    return token.value
  }
  const tokens = { bot: await bot(), node: '' }
  tokens.node = (await auth.nodeTokens.create(LOCAL, { ttl: 7 * DAY, uses: 1_000 })).value

  async function joinedBot(): Promise<Caller> {
    await auth.locks.unlockBot(LOCAL, 'ci').catch(() => {})
    const join = () => auth.joining.join(STRANGER, tokens.bot, newRequest())
    return callerOf(
      await join().catch(async () => {
        tokens.bot = await bot()
        return join()
      }),
    )
  }

  async function joinedNode(): Promise<Caller> {
    const { token } = { token: await auth.nodeTokens.create(LOCAL, { ttl: DAY, uses: 1 }) }
    await auth.nodes.remove(LOCAL, 'web-1').catch(() => {})
    const request = newNodeRequest({ hosts: ['web-1.example'] })
    return nodeCallerOf(await auth.nodeJoining.join(STRANGER, token.value, request))
  }

  return {
    rpcs,
    async callerFor({ method }: Rpc): Promise<Caller> {
      const kinds = ACCESS.get(methodName(method)) ?? []
      if (kinds.includes('anyone')) return STRANGER
      if (kinds.includes('bot')) return joinedBot()
      if (kinds.includes('node')) return joinedNode()
      return kinds.includes('local') ? LOCAL : REMOTE_ADMIN
    },
    withTokens(request: Buffer): Buffer {
      const text = request.toString('latin1')
      return Buffer.from(
        text.replaceAll(TOKENS.bot, tokens.bot).replaceAll(TOKENS.node, tokens.node),
        'latin1',
      )
    },
    close: () => auth[Symbol.asyncDispose](),
  }
}

async function seeds(): Promise<readonly Buffer[]> {
  world ??= openWorld()
  const { rpcs } = await world
  const day = toDuration(DAY)
  const now = toTimestamp(Date.UTC(2026, 2, 24, 14))
  const { identityPublicKey, sshPublicKey, keyProof } = newRequest()
  const keys = {
    identityPublicKey,
    keyProof,
    clientTime: now,
    certificateTtl: toDuration(DAY / 24),
  }
  const request = { ...keys, sshPublicKey, clientVersion: '1', clientHost: 'h' }
  const described = {
    ...{ name: 'web-1', labels: { env: 'staging' }, hosts: ['web-1', '192.0.2.1'], port: 22 },
    ...{ clientVersion: '1', sshdVersion: '1' },
  }
  const ofNode = {
    identityPublicKey,
    keyProof,
    hostPublicKey: sshPublicKey,
    node: described,
    clientTime: now,
  }
  const start = {
    ...{ sessionId: 'ab'.repeat(16), time: now, login: 'deploy', bot: 'ci', address: '::1' },
    ...{ instanceId: '7d9a3a52-0f0e-4d8b-8a53-0a8f4f6f2f11', certificateSerial: 7n },
  }
  const end = { sessionId: start.sessionId, time: now, ended: true, reason: 'closed' }
  const named = { name: 'ci' }
  const requests: readonly (readonly [DescMethod, Record<string, unknown>])[] = [
    [identity.JoinService.method.join, { joinToken: TOKENS.bot, request }],
    [identity.IdentityService.method.renew, { request }],
    [identity.IdentityService.method.watchIdentity, {}],
    [node.NodeJoinService.method.joinNode, { joinToken: TOKENS.node, request: ofNode }],
    [node.NodeAgentService.method.renewNode, { request: ofNode }],
    [node.NodeAgentService.method.watchNode, {}],
    [node.NodeAgentService.method.reportSessions, { events: [start, end] }],
    [admin.RoleService.method.createRole, { document: DEPLOYER.replace('ci-deployer', 'x') }],
    [admin.RoleService.method.updateRole, { document: DEPLOYER }],
    [admin.RoleService.method.getRole, { name: 'ci-deployer' }],
    [admin.BotService.method.createBot, { name: 'x', roles: ['ci-deployer'], identityTtl: day }],
    [admin.BotService.method.updateBot, { ...named, roles: ['ci-deployer'] }],
    [admin.BotService.method.listBots, { pageSize: 1, pageToken: 'Y2k' }],
    [admin.BotService.method.rotateToken, { ...named, tokenTtl: day, tokenUses: 3 }],
    [admin.BotService.method.lockBot, { ...named, message: 'm', ttl: day }],
    [admin.BotService.method.listInstances, { bot: 'ci' }],
    [admin.LockService.method.createLock, { target: { case: 'login', value: 'deploy' }, ttl: day }],
    [
      admin.AdminService.method.createAdmin,
      { name: 'alice', publicKey: identityPublicKey, ttl: day },
    ],
    [
      admin.AuditService.method.listEvents,
      { pageSize: 2, before: 9n, type: 'bot.join', since: now },
    ],
    [node.NodeService.method.listNodes, { pageSize: 1 }],
    [node.NodeService.method.updateNode, { name: 'web-1', labels: { env: 'x' } }],
    [node.TokenService.method.createToken, { role: 'node', ttl: day, uses: 2 }],
    [node.AccessService.method.checkAccess, { bot: 'ci', node: 'web-1', login: 'deploy' }],
    [node.AccessService.method.listAccess, { bot: 'ci', pageSize: 1 }],
    [node.SessionService.method.listSessions, { bot: 'ci' }],
    [node.SessionService.method.endSession, { id: `web-1/${start.sessionId}` }],
  ]
  return [
    ...rpcs.map((_, index) => Buffer.of(index)),
    ...requests.map(([method, fields]) => {
      const index = rpcs.findIndex((rpc) => rpc.method === method)
      return Buffer.concat([Buffer.of(index), toBinary(method.input, create(method.input, fields))])
    }),
  ]
}
