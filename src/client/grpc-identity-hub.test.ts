import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { Metadata, status } from '@grpc/grpc-js'
import { type FakeAnswer, openFakeHub } from '../../test/fakes/grpc-hub.ts'
import {
  answerWith,
  CLUSTER_ID,
  clientCredential,
  createTestCa,
  freeAddress,
  INSTANCE_ID,
  keyPair,
  serverCredential,
} from '../../test/fakes/tls.ts'
import { DAY, systemClock } from '../base/clock.ts'
import {
  IdentityService,
  JoinRequestSchema,
  JoinResponseSchema,
  JoinService,
} from '../gen/mezite/v1/identity_pb.js'
import { encodeErrorTrailers } from '../rpc/error-trailers.ts'
import { fromTimestamp, toTimestamp } from '../rpc/times.ts'
import { isKeyProven } from '../x509/key-proof.ts'
import { spkiOfPrivateKey } from '../x509/public-key.ts'
import { createGrpcIdentityHub } from './grpc-identity-hub.ts'
import {
  type CertificateRequest,
  type HubAddress,
  type HubTrust,
  patienceAskedBy,
} from './identity-hub.ts'

const ca = createTestCa()
const PIN: HubTrust = { kind: 'pin', pin: ca.pin }
const CAS: HubTrust = { kind: 'tls-ca', certificates: [ca.der] }
const NOW = 1_774_364_400_123

const hub = createGrpcIdentityHub({
  clock: { now: () => Date.now() },
  client: { version: '1.2.3', hostname: 'ci-7' },
})

const REQUEST: CertificateRequest = {
  identityKey: keyPair().privateKey,
  sshPublicKey: Buffer.from('an SSH key'),
  certificateTtlMs: 90_000,
  renewalIntervalMs: undefined,
}

const ISSUED = {
  bot: 'github-deploy',
  instanceId: INSTANCE_ID,
  generation: 1n,
  identityCertificate: Buffer.of(1),
  sshCertificate: Buffer.of(2),
  trust: {
    clusterId: CLUSTER_ID,
    tlsCa: [Buffer.of(3)],
    userCa: [Buffer.of(4)],
    hostCa: [Buffer.of(5)],
  },
  nodes: [{ name: 'web-1', host: 'web-1.example', port: 22, logins: ['deploy'] }],
  hubTime: toTimestamp(NOW),
}

type Reply = MessageInitShape<typeof JoinResponseSchema>

function answer(reply: Reply = { identity: ISSUED }): FakeAnswer {
  const bytes = Buffer.from(toBinary(JoinResponseSchema, create(JoinResponseSchema, reply)))
  return (_call, callback) => callback(null, bytes)
}

function fail(code: status, details: string, metadata = new Metadata()): FakeAnswer {
  return (_call, callback) => callback({ code, details, metadata })
}

function openHub(join: FakeAnswer, credential = serverCredential(ca)) {
  return openFakeHub(credential, [[JoinService.method.join, join]])
}

function join(address: HubAddress, trust = PIN, signal?: AbortSignal) {
  return hub.join('tok-bot-secret', REQUEST, { address, trust, signal })
}

describe('a join', () => {
  it('carries the request, and what the client says of itself', async () => {
    await using server = await openHub(answer())
    const before = Date.now()
    await join(server.address)
    const [bytes = Buffer.alloc(0)] = server.requests
    const { joinToken, request } = fromBinary(JoinRequestSchema, bytes)
    assert.equal(joinToken, 'tok-bot-secret')
    const spki = Buffer.from(request?.identityPublicKey ?? [])
    assert.ok(spkiOfPrivateKey(REQUEST.identityKey).equals(spki))
    assert.ok(isKeyProven(spki, REQUEST.sshPublicKey, request?.keyProof ?? Buffer.of()))
    assert.ok(REQUEST.sshPublicKey.equals(request?.sshPublicKey ?? Buffer.of()))
    assert.equal(request?.certificateTtl?.seconds, 90n)
    assert.equal(request?.renewalInterval, undefined)
    assert.deepEqual([request?.clientVersion, request?.clientHost], ['1.2.3', 'ci-7'])
    assert.ok(request?.clientTime && (fromTimestamp(request.clientTime) ?? 0) >= before)
  })

  it('returns plain values', async () => {
    await using server = await openHub(answer())
    assert.deepEqual(await join(server.address), {
      bot: 'github-deploy',
      instanceId: INSTANCE_ID,
      generation: 1n,
      identityCertificate: Buffer.of(1),
      sshCertificate: Buffer.of(2),
      clusterId: CLUSTER_ID,
      tlsCas: [Buffer.of(3)],
      userCas: [Buffer.of(4)],
      hostCas: [Buffer.of(5)],
      nodes: [{ name: 'web-1', host: 'web-1.example', port: 22, logins: ['deploy'] }],
      suggestedRenewalAt: undefined,
      hubTime: NOW,
    })
  })

  it('refuses an answer with anything missing', async () => {
    const { trust, hubTime: _, ...timeless } = ISSUED
    const [node] = ISSUED.nodes
    const broken: readonly Reply[] = [
      {},
      { identity: timeless },
      { identity: { ...ISSUED, bot: '' } },
      { identity: { ...ISSUED, instanceId: 'x' } },
      { identity: { ...ISSUED, generation: 0n } },
      { identity: { ...ISSUED, sshCertificate: Buffer.alloc(0) } },
      { identity: { ...ISSUED, trust: { ...trust, tlsCa: [] } } },
      { identity: { ...ISSUED, trust: { ...trust, hostCa: [Buffer.alloc(0)] } } },
      { identity: { ...ISSUED, nodes: [{ ...node, port: 65_536 }] } },
    ]
    for (const reply of broken) {
      await using server = await openHub(answer(reply))
      await assert.rejects(join(server.address), { code: 'bad-answer' })
    }
    await using server = await openHub((_call, callback) => callback(null, Buffer.from('%%')))
    await assert.rejects(join(server.address), { code: 'bad-answer' })
  })
})

describe('a refusal', () => {
  it("comes with the hub's own code, words and hint", async () => {
    const trailers = encodeErrorTrailers({ code: 'token-used', hint: 'make a new one – now' })
    await using server = await openHub(fail(status.UNAUTHENTICATED, 'it has been used', trailers))
    await assert.rejects(join(server.address), {
      code: 'refused',
      hubCode: 'token-used',
      message: 'it has been used',
      hint: 'make a new one – now',
    })
  })

  it('for lack of time comes with when to ask again', async () => {
    for (const [code, expected] of [
      ['busy', { code: 'busy', hubCode: 'busy' }],
      ['rate-limited', { code: 'refused', hubCode: 'rate-limited' }],
    ] as const) {
      const trailers = encodeErrorTrailers({ code, hint: 'later', retryAfterMs: 2_500 })
      await using server = await openHub(fail(status.RESOURCE_EXHAUSTED, 'not now', trailers))
      const error: unknown = await join(server.address).catch((it: unknown) => it)
      await assert.rejects(Promise.reject(error), { ...expected, retryAfterMs: 2_500 })
      assert.equal(patienceAskedBy(error), 2_500)
    }
  })

  it('of the connection itself means that the hub is busy', async () => {
    // RFC 8446, section 6: a fatal alert, internal_error.
    const alert = Buffer.of(21, 3, 3, 0, 2, 2, 80)
    await using server = await answerWith((socket) => socket.once('data', () => socket.end(alert)))
    for (const trust of [PIN, CAS]) {
      const call = hub.join('tok', REQUEST, { address: server.address, trust })
      const error: unknown = await call.catch((it: unknown) => it)
      await assert.rejects(Promise.reject(error), { code: 'busy', hint: /try again/ })
      assert.equal(patienceAskedBy(error), 5_000)
    }
  })

  it('is nothing that only gRPC says', async () => {
    const codes = [
      [status.UNAVAILABLE, 'unreachable'],
      [status.CANCELLED, 'unreachable'],
      [status.UNIMPLEMENTED, 'not-a-hub'],
      [status.PERMISSION_DENIED, 'not-a-hub'],
      [status.UNKNOWN, 'bad-answer'],
      [status.INTERNAL, 'bad-answer'],
      [status.RESOURCE_EXHAUSTED, 'bad-answer'],
    ] as const
    for (const [code, expected] of codes) {
      await using server = await openHub(fail(code, 'no'))
      await assert.rejects(join(server.address), { code: expected }, status[code])
    }
  })

  it('of a call that the server does not know means that it is no hub', async () => {
    await using server = await openHub(answer())
    const credential = clientCredential(ca)
    const call = hub.renew(credential, REQUEST, { address: server.address, trust: CAS })
    await assert.rejects(call, { code: 'not-a-hub' })
  })
})

describe('a call', () => {
  it('ends at its deadline', async () => {
    await using server = await openHub(() => {})
    const hasty = createGrpcIdentityHub({
      clock: systemClock,
      client: { version: '1', hostname: 'h' },
      timeoutMs: 200,
    })
    const call = hasty.join('tok', REQUEST, { address: server.address, trust: CAS })
    await assert.rejects(call, { code: 'unreachable', message: /within 200ms/ })
  })

  it('is cancelled at the hub when aborted', async () => {
    const stop = new AbortController()
    const reason = new Error('stop')
    const cancelled = Promise.withResolvers<void>()
    await using server = await openHub((call) => {
      call.once('cancelled', () => cancelled.resolve())
      stop.abort(reason)
    })
    await assert.rejects(join(server.address, CAS, stop.signal), reason)
    await cancelled.promise
  })

  it('whose connection breaks says that its answer is lost, whatever answers there next', async () => {
    const forwarded: Socket[] = []
    await using server = await openHub(() => forwarded[0]?.destroy())
    await using between = await answerWith((socket) => {
      if (forwarded.push(socket) > 1) return socket.end('SSH-2.0-OpenSSH_9.2p1\r\n')
      const onward = connect(server.address)
      onward.on('error', () => {})
      socket.once('close', () => onward.destroy())
      return socket.pipe(onward).pipe(socket)
    })
    await assert.rejects(join(between.address, CAS), {
      code: 'unreachable',
      message: /the connection to .* broke/,
    })
    assert.equal(server.requests.length, 1)
    await assert.rejects(join(between.address, CAS), { code: 'not-a-hub' })
  })

  it('to nothing says so', async () => {
    const address = await freeAddress()
    await assert.rejects(join(address, CAS), { code: 'unreachable', hint: /is mezhub running/ })
    const unknown = { host: 'hub.invalid', port: 3025 }
    await assert.rejects(join(unknown, CAS), { code: 'unreachable', message: /hub\.invalid/ })
  })
})

describe('the trust of a call', () => {
  const serves = async (trust: HubTrust, credential = serverCredential(ca), host = '127.0.0.1') => {
    await using server = await openHub(answer(), credential)
    const address = { host, port: server.address.port }
    const error = await join(address, trust).then(
      () => undefined,
      (it: unknown) => it,
    )
    assert.equal(server.requests.length, error === undefined ? 1 : 0, 'sent to the hub alone')
    return error === undefined ? 'trusted' : Reflect.get(Object(error), 'code')
  }
  const roots: HubTrust = { kind: 'roots', pem: ca.pem }

  it('in CAs needs no name of the host', async () => {
    assert.equal(await serves(CAS), 'trusted')
    assert.equal(await serves(CAS, serverCredential(ca), 'localhost'), 'trusted')
    assert.equal(await serves(CAS, serverCredential(createTestCa())), 'untrusted')
  })

  it('in CAs knows a wrong clock', async () => {
    const past = { notBeforeMs: Date.now() - 2 * DAY, notAfterMs: Date.now() - DAY }
    assert.equal(await serves(CAS, serverCredential(ca, past)), 'clock-skew')
  })

  it('in roots takes the name of the hub', async () => {
    assert.equal(await serves(roots), 'trusted')
    assert.equal(await serves(roots, serverCredential(createTestCa())), 'untrusted')
    assert.equal(await serves({ kind: 'roots', pem: 'no PEM' }), 'untrusted')
  })

  it('in the public roots leaves out every other CA', async () => {
    assert.equal(await serves({ kind: 'system' }), 'untrusted')
  })
})

describe('a renewal', () => {
  it('presents the certificate of the credential', async () => {
    const presented: Buffer[] = []
    const { key, cert } = serverCredential(ca)
    const { ServerCredentials } = await import('@grpc/grpc-js')
    const pair = { private_key: Buffer.from(key), cert_chain: Buffer.from(cert) }
    const mutual = ServerCredentials.createSsl(Buffer.from(ca.pem), [pair], true)
    await using server = await openFakeHub(mutual, [
      [
        IdentityService.method.renew,
        (call, callback) => {
          const raw = call.getAuthContext().sslPeerCertificate?.raw
          if (raw) presented.push(raw)
          answer()(call, callback)
        },
      ],
    ])
    const credential = clientCredential(ca)
    await hub.renew(credential, REQUEST, { address: server.address, trust: CAS })
    assert.deepEqual(presented, [credential.certificate])
  })
})
