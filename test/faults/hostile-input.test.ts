/**
 * What no client sends, at every RPC of the access table, from each who may call it: refused for what
 * it is, or taken for what it means; never a failure of the hub.
 */
import assert from 'node:assert/strict'
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2'
import { connect as connectPlain } from 'node:net'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { DescMethod } from '@bufbuild/protobuf'
import { type Client, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import type { CallerKind } from '../../src/auth/caller.ts'
import { ACCESS } from '../../src/auth/rpc/access.ts'
import { DOORS, type Door } from '../../src/auth/rpc/door-limits.ts'
import { systemClock } from '../../src/base/clock.ts'
import { type HubChannel, openTlsChannel, openUnixChannel } from '../../src/client/channel.ts'
import type { ClientCredential } from '../../src/client/identity-hub.ts'
import { serverTrust } from '../../src/client/server-trust.ts'
import * as health from '../../src/gen/grpc/health/v1/health_pb.js'
import * as admin from '../../src/gen/mezite/v1/admin_pb.js'
import * as identity from '../../src/gen/mezite/v1/identity_pb.js'
import * as node from '../../src/gen/mezite/v1/node_pb.js'
import { methodName, methodPath } from '../../src/rpc/method-name.ts'
import { HUB_SERVER_NAME } from '../../src/x509/issue.ts'
import { createAdmin, openTestHub, type TestHub } from '../fakes/hub.ts'
import { joinBot, joinNode } from '../fakes/hub-members.ts'
import { badMessages } from './hostile/bad-messages.ts'
import { connectTls } from './hostile/raw-connection.ts'

const METHODS: readonly DescMethod[] = [health, identity, node, admin]
  .flatMap((module) => Object.values(module))
  .flatMap((export_) => (export_.kind === 'service' ? export_.methods : []))
  .filter((method) => ACCESS.has(methodName(method)))

const DOOR_OF: Readonly<Record<CallerKind, Door>> = {
  anyone: 'guest',
  bot: 'bot',
  node: 'node',
  admin: 'admin',
  local: 'local',
}

/** That a call failed in the hub, or that grpc-js found no word for it. */
const FAILURES: ReadonlySet<status> = new Set([
  status.INTERNAL,
  status.UNKNOWN,
  status.DATA_LOSS,
  status.UNAVAILABLE,
  status.UNIMPLEMENTED,
])

const KINDS = ['anyone', 'bot', 'node', 'admin', 'local'] as const

const isCalledBy = (kind: CallerKind, method: DescMethod): boolean =>
  ACCESS.get(methodName(method))?.includes(kind) ?? false

const methodsOf = (kind: CallerKind): readonly DescMethod[] =>
  METHODS.filter((method) => isCalledBy(kind, method))

interface Scene extends AsyncDisposable {
  readonly hub: TestHub
  open(kind: CallerKind): HubChannel
  /** The same without gRPC. */
  openSession(kind: CallerKind): Promise<ClientHttp2Session & Disposable>
}

async function openScene(options: Parameters<typeof openTestHub>[1] = {}): Promise<Scene> {
  const hub = await openTestHub(undefined, options)
  const credentials: Readonly<Partial<Record<CallerKind, ClientCredential>>> = {
    bot: await joinBot(hub, 'ci'),
    node: await joinNode(hub, 'web-1'),
    admin: await createAdmin(hub, 'alice'),
  }
  const certificates = [hub.auth.context.authorities.tls.certificate.der]
  const trust = serverTrust({ kind: 'tls-ca', certificates }, hub.address.host)
  return {
    hub,
    open: (kind) =>
      kind === 'local'
        ? openUnixChannel(hub.socketPath)
        : openTlsChannel({ address: hub.address, clock: systemClock }, trust, credentials[kind]),
    async openSession(kind) {
      const { host: address, port } = hub.address
      const socket =
        kind === 'local'
          ? connectPlain(hub.socketPath)
          : connectTls({ port, address, credential: credentials[kind] })
      const session = connect(`http://${HUB_SERVER_NAME}`, { createConnection: () => socket })
      session.on('error', () => {})
      return Object.assign(session, { [Symbol.dispose]: () => session.destroy() })
    },
    [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose](),
  }
}

/** A call whose message is still to be sent, and the status of its answer. */
function post(session: ClientHttp2Session, method: DescMethod, headers: OutgoingHttpHeaders = {}) {
  const stream = session.request({
    ...{ ':method': 'POST', ':path': methodPath(method) },
    ...{ 'content-type': 'application/grpc', te: 'trailers' },
    ...headers,
  })
  stream.on('error', () => {})
  const { promise: code, resolve } = Promise.withResolvers<status>()
  stream.once('response', (answer) => resolve(Number(answer['grpc-status'])))
  stream.once('close', () => resolve(status.UNAVAILABLE))
  return { stream, code }
}

/** The status of the answer; of a stream that goes on, OK. */
function call(
  client: Client,
  method: DescMethod,
  bytes: Uint8Array,
  metadata = new Metadata(),
): Promise<status> {
  const asItIs = (message: Buffer) => message
  const { promise, resolve } = Promise.withResolvers<status>()
  const told = (error: ServiceError | null) => resolve(error?.code ?? status.OK)
  const path = methodPath(method)
  if (method.methodKind === 'unary') {
    client.makeUnaryRequest(path, asItIs, asItIs, Buffer.from(bytes), metadata, told)
  } else {
    const stream = client.makeServerStreamRequest(
      ...([path, asItIs, asItIs, Buffer.from(bytes), metadata] as const),
    )
    stream.once('data', () => {
      resolve(status.OK)
      stream.cancel()
    })
    stream.on('error', told)
    stream.on('end', () => told(null))
    // One that has nothing to say yet has taken the request.
    stream.once('metadata', () => setTimeout(() => stream.cancel(), 50))
  }
  return promise
}

describe('a message that no client sends', () => {
  it('is tried at every RPC', () => {
    assert.equal(METHODS.length, ACCESS.size)
  })

  for (const kind of KINDS) {
    it(`from ${kind} is no failure of the hub, and unread where it is too long`, async () => {
      await using scene = await openScene()
      const { hub } = scene
      const { request, budget } = DOORS[DOOR_OF[kind]]
      for (const method of methodsOf(kind)) {
        let channel = scene.open(kind)
        let sent = 0
        // What an administrator does is done by the same handlers, whichever way he comes.
        const isTried = kind === 'admin' && isCalledBy('local', method)
        const messages = isTried ? [] : badMessages(method.input, request - 64)
        for (const { name, bytes } of messages) {
          // A connection may send so much and no more.
          if (sent + bytes.length > budget.burst / 2) {
            channel.close()
            channel = scene.open(kind)
            sent = 0
          }
          sent += bytes.length
          const code = await call(channel.client, method, bytes)
          const what = `${name} to ${methodName(method)}: ${status[code]}`
          assert.ok(!FAILURES.has(code), what)
          assert.deepEqual(hub.logged, [], what)
        }
        const code = await call(channel.client, method, Buffer.alloc(request + 1))
        assert.equal(code, status.RESOURCE_EXHAUSTED, methodName(method))
        channel.close()
      }
      await hub.local.status.getStatus({})
      assert.deepEqual(hub.logged, [])
    })
  }

  it('and never ends is not waited for', async () => {
    await using scene = await openScene({ requestTimeoutMs: 200 })
    for (const kind of KINDS) {
      await Promise.all(
        methodsOf(kind).map(async (method) => {
          using session = await scene.openSession(kind)
          const { stream, code } = post(session, method)
          // Half of its prefix.
          stream.write(Buffer.of(0, 0))
          assert.equal(await code, status.DEADLINE_EXCEEDED, `${kind}: ${methodName(method)}`)
        }),
      )
    }
  })

  it('and is packed to a bomb is not unpacked', async () => {
    await using scene = await openScene()
    const bomb = gzipSync(Buffer.alloc(32 * 1024 * 1024))
    assert.ok(bomb.length < DOORS.guest.request)
    using session = await scene.openSession('anyone')
    const { stream, code } = post(session, identity.JoinService.method.join, {
      'grpc-encoding': 'gzip',
    })
    const prefix = Buffer.alloc(5)
    prefix.writeUInt8(1, 0)
    prefix.writeUInt32BE(bomb.length, 1)
    stream.end(Buffer.concat([prefix, bomb]))
    assert.equal(await code, status.RESOURCE_EXHAUSTED)
    await scene.hub.local.status.getStatus({})
    assert.deepEqual(scene.hub.logged, [])
  })
})
