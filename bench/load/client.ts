/** A process that makes load: it aims once and then fires as often as it is told to. */
import { connect, createSecureContext, type TLSSocket } from 'node:tls'
import { fromBinary } from '@bufbuild/protobuf'
import { systemClock } from '../../src/base/clock.ts'
import { messageOf } from '../../src/base/errors.ts'
import { IdentityService, RenewResponseSchema } from '../../src/gen/mezite/v1/identity_pb.js'
import { methodPath } from '../../src/rpc/method-name.ts'
import { HUB_SERVER_NAME } from '../../src/x509/issue.ts'
import { encodeCertificatePem } from '../../src/x509/pem.ts'
import { openBareCalls } from './bare-call.ts'
import { type Call, openHttp2Calls } from './http2-call.ts'
import { type Answer, order, type Subject, type Target } from './work.ts'

/** Calls under way, of this process. */
const AT_ONCE = 16

const RENEW = methodPath(IdentityService.method.renew)

interface Gun {
  /** Calls once; the next call is made with what this one returned. */
  fire(): Promise<void>
}

async function createGun(target: Target, { privateKey, ...subject }: Subject): Promise<Gun> {
  const request = Buffer.from(subject.request, 'base64')
  let { certificate } = subject
  const open = async (): Promise<{ socket: TLSSocket; call: Call }> => {
    const socket = await openSocket(target, certificate, privateKey)
    const isHub = target.protocol === 'hub'
    return { socket, call: isHub ? openHttp2Calls(socket, RENEW) : openBareCalls(socket) }
  }
  if (target.keepsConnections) {
    const { call } = await open()
    return {
      // After the first it is one lost reply after another, for which the hub issues just the same.
      fire: async () => {
        await call(request)
      },
    }
  }
  return {
    async fire() {
      const { socket, call } = await open()
      const reply = await call(request)
      socket.end()
      if (target.protocol === 'hub') certificate = nextCertificate(reply)
    },
  }
}

async function openSocket(target: Target, cert: string, key: string): Promise<TLSSocket> {
  const socket = connect({
    host: '127.0.0.1',
    port: target.port,
    servername: HUB_SERVER_NAME,
    ALPNProtocols: ['h2'],
    // To verify the server costs the client alone, which only has to be cheap.
    rejectUnauthorized: false,
    secureContext: createSecureContext({ minVersion: 'TLSv1.3', ca: [], cert, key }),
  })
  socket.setNoDelay(true)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.once('error', reject).once('secureConnect', resolve)
  await promise
  return socket
}

function nextCertificate(reply: Buffer): string {
  const { identity } = fromBinary(RenewResponseSchema, reply)
  if (!identity) throw new Error('a reply without an identity')
  return encodeCertificatePem(identity.identityCertificate)
}

/** Each gun in its turn: the hub bounds how often one instance renews. */
async function fireAll(guns: readonly Gun[], milliseconds: number): Promise<number> {
  const end = systemClock.monotonic() + milliseconds
  const ready = [...guns]
  let calls = 0
  const fireOn = async () => {
    while (systemClock.monotonic() < end) {
      const gun = ready.shift()
      if (!gun) return
      await gun.fire()
      ready.push(gun)
      calls++
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, fireOn))
  return calls
}

let guns: readonly Gun[] = []

async function obey(message: unknown): Promise<Answer> {
  const given = order.parse(message)
  if (given.kind === 'fire') {
    return { kind: 'done', calls: await fireAll(guns, given.milliseconds) }
  }
  const { target } = given
  guns = await Promise.all(target.subjects.map((subject) => createGun(target, subject)))
  return { kind: 'ready' }
}

process.on('message', (message) => {
  obey(message)
    .catch((error: unknown): Answer => ({ kind: 'failed', message: messageOf(error) }))
    .then((answer) => process.send?.(answer))
})
process.on('disconnect', () => process.exit())
