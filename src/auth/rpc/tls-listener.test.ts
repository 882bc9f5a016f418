import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectPlain } from 'node:net'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { FakeClock } from '../../../test/fakes/clock.ts'
import { answerWith, clientCredential, createTestCa, tlsClient } from '../../../test/fakes/tls.ts'
import type { Address } from '../../base/address.ts'
import { systemClock } from '../../base/clock.ts'
import { systemRandom } from '../../base/random.ts'
import { serverNameFor } from '../../trust/server-name.ts'
import { CONNECTION_LIMITS } from './connection-limits.ts'
import { DOORS } from './door-limits.ts'
import { LOBBY_LIMITS } from './lobby.ts'
import type { Peer } from './peer.ts'
import { issueServingCertificate } from './serving-certificate.ts'
import {
  type ClosingListener,
  createTlsListener,
  type TlsCredentials,
  type TlsListener,
} from './tls-listener.ts'

const ca = createTestCa()
const PEER: Peer = {
  caller: { kind: 'anyone', address: '127.0.0.1' },
  identityExpiresAt: undefined,
}

function issue() {
  const authority = ca.signer
  return issueServingCertificate({ authority, clock: systemClock, random: systemRandom })
}

/** Of a machine that takes five seconds for everything. */
class SlowClock extends FakeClock {
  override monotonic(): number {
    this.advance(5_000)
    return super.monotonic()
  }
}

interface Door extends Disposable {
  readonly listener: TlsListener
  readonly address: Address
  readonly accepted: TLSSocket[]
  /** Of each of them, when it was accepted. */
  readonly acceptedTimes: number[]
}

function credentials(): TlsCredentials {
  return { certificate: issue(), byName: new Map(), clientCas: [ca.pem] }
}

async function openDoor(
  mostGuests = 1_024,
  clock = new FakeClock(),
  onClosed?: ClosingListener,
): Promise<Door> {
  const accepted: TLSSocket[] = []
  const acceptedTimes: number[] = []
  const listener = createTlsListener({
    credentials: credentials(),
    ...{ clock, onClosed },
    readPeer: (_, acceptedAt) => {
      acceptedTimes.push(acceptedAt)
      return PEER
    },
    accept: (socket) => {
      accepted.push(socket)
      socket.on('data', () => socket.write('hello'))
    },
    limits: { ...CONNECTION_LIMITS, lobby: { ...LOBBY_LIMITS, most: mostGuests } },
  })
  const address = await listener.listen({ host: '127.0.0.1', port: 0 })
  const close = () => {
    listener.stop()
    listener.connections.destroy()
  }
  return { listener, address, accepted, acceptedTimes, [Symbol.dispose]: close }
}

async function dial(address: Address, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const servername = 'hub.mezite.internal'
  const socket = connect({
    ...address,
    ca: [ca.pem],
    servername,
    ALPNProtocols: ['h2'],
    ...options,
  })
  await once(socket, 'secureConnect')
  return socket
}

/** Says something, hears the answer, and returns the sessions offered until then. */
async function converse(socket: TLSSocket): Promise<Buffer[]> {
  const sessions: Buffer[] = []
  socket.on('session', (session: Buffer) => sessions.push(session))
  socket.write('hello')
  await once(socket, 'data')
  return sessions
}

describe('the TLS listener', () => {
  it('presents its certificate with that of the CA, and knows its peers while they are there', async () => {
    using door = await openDoor()
    const socket = await dial(door.address)
    await converse(socket)
    const presented = socket.getPeerX509Certificate()
    assert.equal(presented?.checkHost('hub.mezite.internal'), 'hub.mezite.internal')
    assert.ok(presented?.issuerCertificate?.raw.equals(ca.der))
    const name = `127.0.0.1:${socket.localPort}`
    assert.equal(door.listener.visit(name)?.peer, PEER)
    const [accepted] = door.accepted
    assert.ok(accepted)
    const closed = once(accepted, 'close')
    socket.destroy()
    await closed
    assert.equal(door.listener.visit(name), undefined)
  })

  it('speaks TLS 1.3 and nothing older', async () => {
    using door = await openDoor()
    assert.equal((await dial(door.address)).getProtocol(), 'TLSv1.3')
    await assert.rejects(dial(door.address, { maxVersion: 'TLSv1.2' }), {
      code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    })
  })

  it('resumes no session', async () => {
    using door = await openDoor()
    await assertNoResumption(door)
  })

  it('takes HTTP/2 alone', async () => {
    using door = await openDoor()
    await assert.rejects(dial(door.address, { ALPNProtocols: ['http/1.1'] }))
    const silent = await dial(door.address, { ALPNProtocols: [] })
    silent.on('error', () => {})
    await once(silent, 'close')
    assert.equal(door.accepted.length, 0)
  })

  it('keeps every option when its certificate is replaced', async () => {
    using door = await openDoor()
    const before = (await dial(door.address)).getPeerX509Certificate()
    door.listener.replaceCredentials(credentials())
    const socket = await dial(door.address)
    const after = socket.getPeerX509Certificate()
    assert.notEqual(after?.serialNumber, before?.serialNumber)
    assert.ok(after?.issuerCertificate?.raw.equals(ca.der))
    await assert.rejects(dial(door.address, { maxVersion: 'TLSv1.2' }), {
      code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    })
    await assertNoResumption(door)
  })

  it('shows who asks for another CA by its name a certificate of that one, with every option', async () => {
    using door = await openDoor()
    const next = createTestCa()
    const servername = serverNameFor(next.pin)
    const certificate = issueServingCertificate({
      ...{ authority: next.signer, clock: systemClock, random: systemRandom },
    })
    door.listener.replaceCredentials({
      ...{ certificate: issue(), byName: new Map([[servername, certificate]]) },
      clientCas: [ca.pem, next.pem],
    })
    const named = { servername, ca: [next.pem], checkServerIdentity: () => undefined }
    const shown = (await dial(door.address, named)).getPeerX509Certificate()
    assert.ok(shown?.issuerCertificate?.raw.equals(next.der))
    await assert.rejects(dial(door.address, { ...named, maxVersion: 'TLSv1.2' }))
    await assertNoResumption(door, named)
    const other = { ...named, servername: serverNameFor(Buffer.alloc(16)), ca: [ca.pem] }
    const usual = (await dial(door.address, other)).getPeerX509Certificate()
    assert.ok(usual?.issuerCertificate?.raw.equals(ca.der))
    // Whose clients are trusted doesn't depend on the name.
    for (const [server, owner] of [
      [named, ca],
      [{}, next],
    ] as const) {
      await converse(await dial(door.address, { ...server, ...tlsClient(clientCredential(owner)) }))
      assert.ok(door.accepted.at(-1)?.authorized)
    }
  })

  it('ends the connections of certificates that count no more, and no others', async () => {
    using door = await openDoor()
    const owner = await dial(door.address, tlsClient(clientCredential(ca)))
    const stranger = await dial(door.address)
    await Promise.all([owner, stranger].map(converse))
    const closed = once(owner, 'close')
    door.listener.endWhere((certificate) => certificate.checkIssued(new X509Certificate(ca.der)))
    await closed
    await converse(stranger)
  })

  it('says that it is busy to what is above its limit', async () => {
    using door = await openDoor(1)
    const first = await dial(door.address)
    await converse(first)
    await assert.rejects(dial(door.address), { code: 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR' })
    const [accepted] = door.accepted
    assert.ok(accepted)
    const closed = once(accepted, 'close')
    first.destroy()
    await closed
    await systemClock.sleep(10)
    await converse(await dial(door.address))
  })

  it('says that it is busy to who has waited too long for his turn', async () => {
    const closed: string[] = []
    using door = await openDoor(undefined, new SlowClock(), (reason) => closed.push(reason))
    await assert.rejects(dial(door.address), { code: 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR' })
    assert.deepEqual(closed, ['busy'])
  })

  it('knows when a connection was accepted, however long its handshake was held back', async () => {
    const clock = new FakeClock()
    using door = await openDoor(undefined, clock)
    clock.advance(1_000)
    const plain = connectPlain(door.address)
    await once(plain, 'connect')
    // The next connection is accepted after this one.
    await converse(await dial(door.address))
    clock.advance(5_000)
    await converse(await dial(door.address, { socket: plain }))
    assert.deepEqual(door.acceptedTimes, [1_000, 1_000])
    await converse(await dial(door.address))
    assert.equal(door.acceptedTimes.at(-1), 6_000)
  })

  it('counts what is sent under TLS, not what that holds', async () => {
    const closed: string[] = []
    using door = await openDoor(undefined, new FakeClock(), (reason) => closed.push(reason))
    const socket = await dial(door.address)
    socket.on('error', () => {})
    let sent = 0
    // A record for each byte, until the door is shut.
    for (; socket.writable && sent < DOORS.guest.budget.burst / 4; sent++) {
      socket.write('x')
      await nextTurn()
    }
    socket.destroy()
    assert.deepEqual(closed, ['flood'])
  })

  it('says what is wrong with an address', async () => {
    await using other = await answerWith(() => {})
    const listen = (address: Address) =>
      createTlsListener({
        credentials: credentials(),
        clock: new FakeClock(),
        readPeer: () => PEER,
        accept: () => {},
      }).listen(address)
    await assert.rejects(listen(other.address), {
      code: 'address-in-use',
      message: `127.0.0.1:${other.address.port} is in use by another program`,
      hint: /--listen-addr/,
    })
    await assert.rejects(listen({ host: '192.0.2.1', port: 0 }), { code: 'address-unknown' })
  })
})

async function assertNoResumption(door: Door, options: ConnectionOptions = {}): Promise<void> {
  const first = await dial(door.address, options)
  const session = (await converse(first)).at(-1) ?? first.getSession()
  first.destroy()
  const second = await dial(door.address, { ...options, session })
  assert.equal(second.isSessionReused(), false)
}

it('has a certificate that strict readers accept', () => {
  const [leaf = ''] = issue().chain.split(/(?<=-----END CERTIFICATE-----\n)/)
  assert.ok(new X509Certificate(leaf).verify(new X509Certificate(ca.der).publicKey))
})
