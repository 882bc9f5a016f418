import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { Metadata, status } from '@grpc/grpc-js'
import { type FakeStream, openFakeHub } from '../../test/fakes/grpc-hub.ts'
import {
  answerWith,
  CLUSTER_ID,
  clientCredential,
  createTestCa,
  freeAddress,
  serverCredential,
} from '../../test/fakes/tls.ts'
import { systemClock } from '../base/clock.ts'
import { IdentityService, WatchIdentityResponseSchema } from '../gen/mezite/v1/identity_pb.js'
import { encodeErrorTrailers } from '../rpc/error-trailers.ts'
import { createGrpcIdentityHub } from './grpc-identity-hub.ts'
import type { HubAddress, Surroundings } from './identity-hub.ts'

const ca = createTestCa()
const credential = clientCredential(ca)
const trust = { kind: 'tls-ca', certificates: [ca.der] } as const
const client = { version: '1', hostname: 'h' }
const hub = createGrpcIdentityHub({ clock: systemClock, client })

const TRUST = {
  clusterId: CLUSTER_ID,
  tlsCa: [Buffer.of(3)],
  userCa: [Buffer.of(4)],
  hostCa: [Buffer.of(5)],
}

function message(...names: string[]): Buffer {
  const nodes = names.map((name) => ({ name, host: 'h', port: 22, logins: ['deploy'] }))
  return encode({ trust: TRUST, nodes })
}

function encode(init: MessageInitShape<typeof WatchIdentityResponseSchema>): Buffer {
  return Buffer.from(
    toBinary(WatchIdentityResponseSchema, create(WatchIdentityResponseSchema, init)),
  )
}

function openHub(serve: FakeStream) {
  return openFakeHub(serverCredential(ca), [], [[IdentityService.method.watchIdentity, serve]])
}

function watch(address: HubAddress, signal?: AbortSignal, of = hub) {
  return of.watch(credential, { address, trust, signal })
}

/** The names of the nodes of every message until the stream ends. */
async function collect(stream: AsyncIterable<Surroundings>, told: string[] = []) {
  for await (const { nodes } of stream) told.push(nodes.map(({ name }) => name).join('+'))
  return told
}

describe('a stream', () => {
  it('brings what the hub sends, in order and as plain values, until the hub ends it', async () => {
    await using server = await openHub((call) => {
      call.write(message('a'))
      setTimeout(() => {
        call.write(message('a', 'b'))
        call.write(message())
        call.end()
      }, 20)
    })
    assert.deepEqual(await collect(watch(server.address)), ['a', 'a+b', ''])
    const { value } = await watch(server.address)[Symbol.asyncIterator]().next()
    assert.deepEqual(value, {
      trust: {
        clusterId: CLUSTER_ID,
        tlsCas: [Buffer.of(3)],
        userCas: [Buffer.of(4)],
        hostCas: [Buffer.of(5)],
      },
      nodes: [{ name: 'a', host: 'h', port: 22, logins: ['deploy'] }],
      reportTrust: false,
      renewWithinMs: undefined,
    })
  })

  it("ends with the hub's refusal, after what came before it", async () => {
    const metadata = encodeErrorTrailers({ code: 'stream-replaced', hint: 'who else?' })
    await using server = await openHub((call) => {
      call.write(message('a'))
      call.write(message('b'))
      call.emit('error', { code: status.ABORTED, details: 'opened once more', metadata })
    })
    const told: string[] = []
    await assert.rejects(collect(watch(server.address), told), {
      code: 'refused',
      hubCode: 'stream-replaced',
      message: 'opened once more',
      hint: 'who else?',
    })
    assert.deepEqual(told, ['a', 'b'])
  })

  it('is refused where the hub says nothing that makes sense', async () => {
    for (const bytes of [Buffer.from('%%'), encode({}), encode({ trust: { clusterId: 'x' } })]) {
      await using server = await openHub((call) => void call.write(bytes))
      await assert.rejects(collect(watch(server.address)), { code: 'bad-answer' })
    }
  })

  it('fails like a call where there is no hub', async () => {
    await assert.rejects(collect(watch(await freeAddress())), {
      code: 'unreachable',
      hint: /is mezhub running/,
    })
    await using server = await openHub((call) => {
      call.emit('error', { code: status.UNIMPLEMENTED, details: 'no', metadata: new Metadata() })
    })
    await assert.rejects(collect(watch(server.address)), { code: 'not-a-hub' })
  })

  it('whose first message does not come is given up', async () => {
    await using server = await openHub(() => {})
    const hasty = createGrpcIdentityHub({ clock: systemClock, client, timeoutMs: 200 })
    await assert.rejects(collect(watch(server.address, undefined, hasty)), {
      code: 'unreachable',
      message: /within 200ms/,
    })
  })

  it('waits as long as it takes once the first message is there', async () => {
    await using server = await openHub((call) => {
      call.write(message('a'))
      setTimeout(() => {
        call.write(message('b'))
        call.end()
      }, 1_500)
    })
    const hasty = createGrpcIdentityHub({ clock: systemClock, client, timeoutMs: 1_000 })
    const told = await collect(watch(server.address, undefined, hasty))
    assert.deepEqual(told, ['a', 'b'])
  })

  it('is cancelled at the hub when aborted, and throws the reason', async () => {
    const stop = new AbortController()
    const reason = new Error('stop')
    const cancelled = Promise.withResolvers<void>()
    await using server = await openHub((call) => {
      call.once('cancelled', () => cancelled.resolve())
      call.write(message('a'))
      setTimeout(() => stop.abort(reason), 20)
    })
    await assert.rejects(collect(watch(server.address, stop.signal)), reason)
    await cancelled.promise
    await assert.rejects(collect(watch(server.address, stop.signal)), reason)
  })

  it('is cancelled at the hub when its reader leaves', async () => {
    const cancelled = Promise.withResolvers<void>()
    await using server = await openHub((call) => {
      call.once('cancelled', () => cancelled.resolve())
      call.write(message('a'))
    })
    for await (const _ of watch(server.address)) break
    await cancelled.promise
  })

  it('ends when the connection goes silent', async () => {
    await using server = await openHub((call) => void call.write(message('a')))
    const forwarded: Socket[] = []
    await using between = await answerWith((socket) => {
      const onward = connect(server.address).on('error', () => {})
      forwarded.push(socket, onward)
      socket.pipe(onward).pipe(socket)
    })
    const watchful = createGrpcIdentityHub({ clock: systemClock, client, keepAliveMs: 100 })
    const told: string[] = []
    const ended = assert.rejects(
      async () => {
        for await (const { nodes } of watch(between.address, undefined, watchful)) {
          told.push(String(nodes.length))
          // From here on nothing passes, and nothing is closed.
          for (const socket of forwarded) socket.unpipe().pause()
        }
      },
      { code: 'unreachable', message: /the connection to .* broke/ },
    )
    await ended
    assert.deepEqual(told, ['1'])
    for (const socket of forwarded) socket.destroy()
  })
})
