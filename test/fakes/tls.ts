/** Certificates of Mezite's profile, and TLS servers and others that answer on a port. */
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls'
import { DAY, HOUR, MINUTE } from '../../src/base/clock.ts'
import type { ClientCredential, HubAddress } from '../../src/client/identity-hub.ts'
import {
  createCertificateAuthority,
  createX509Signer,
  type X509Signer,
} from '../../src/x509/authority.ts'
import type { PeerIdentity } from '../../src/x509/identity-uri.ts'
import { issueClientCertificate, issueServerCertificate } from '../../src/x509/issue.ts'
import { encodeCertificatePem } from '../../src/x509/pem.ts'
import { spkiPin } from '../../src/x509/public-key.ts'
import type { Validity } from '../../src/x509/validity.ts'

export const CLUSTER_ID = '0c4f8f0e-6a57-4c0e-9a53-2e4e64a9d6a1'
export const INSTANCE_ID = '7d9a3a52-0f0e-4d8b-8a53-0a8f4f6f2f11'

export const BOT: PeerIdentity = {
  kind: 'bot',
  clusterId: CLUSTER_ID,
  name: 'github-deploy',
  instanceId: INSTANCE_ID,
  generation: 7n,
}

export interface TestCa {
  readonly der: Buffer
  readonly pem: string
  readonly pin: Buffer
  readonly signer: X509Signer
}

/** Valid around the real now, by which OpenSSL judges. */
export function aroundNow(now = Date.now()): Validity {
  return { notBeforeMs: now - MINUTE, notAfterMs: now + HOUR }
}

export function keyPair(): { readonly privateKey: KeyObject; readonly spki: Buffer } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { privateKey, spki: publicKey.export({ format: 'der', type: 'spki' }) }
}

/** All CAs have the same name, so that nothing but their keys tells them apart. */
export function createTestCa(privateKey = keyPair().privateKey): TestCa {
  const now = Date.now()
  const { der, pem } = createCertificateAuthority({
    clusterName: 'test',
    privateKey,
    serial: randomBytes(16),
    validity: { notBeforeMs: now - 365 * DAY, notAfterMs: now + 365 * DAY },
  })
  return { der, pem, pin: spkiPin(der), signer: createX509Signer(der, privateKey) }
}

export interface TestServerNames {
  readonly dnsNames?: readonly string[]
  readonly ipAddresses?: readonly string[]
}

/** Key and chain of a hub's server. */
export function serverCredential(
  ca: TestCa,
  validity = aroundNow(),
  { dnsNames = [], ipAddresses = [] }: TestServerNames = {},
): { readonly key: string; readonly cert: string } {
  const { privateKey, spki } = keyPair()
  const serial = randomBytes(16)
  const request = { spki, serial, validity, dnsNames, ipAddresses }
  const { pem } = issueServerCertificate(request, ca.signer)
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { key, cert: pem + ca.pem }
}

export function clientCredential(
  ca: TestCa,
  identity = BOT,
  validity = aroundNow(),
): ClientCredential {
  const { privateKey, spki } = keyPair()
  const request = { spki, serial: randomBytes(16), validity, identity }
  return { certificate: issueClientCertificate(request, ca.signer).der, privateKey }
}

/** A client's key and certificate for `tls.connect`. */
export function tlsClient(credential: ClientCredential): { key: string; cert: string } {
  return {
    key: credential.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: encodeCertificatePem(credential.certificate),
  }
}

export interface Answering extends AsyncDisposable {
  readonly address: HubAddress
}

/** Something that listens and does this with each connection. */
export function answerWith(use: (socket: Socket) => unknown): Promise<Answering> {
  return startServer(createServer(use))
}

export interface TlsAnswering extends Answering {
  /** What it was sent beyond handshakes. */
  readonly received: Buffer[]
  /** Resolves when the next connection has come and gone. */
  nextClosed(): Promise<void>
}

export async function answerTls(options: TlsOptions): Promise<TlsAnswering> {
  const received: Buffer[] = []
  const server = createTlsServer(options, (socket: TLSSocket) => {
    socket.on('data', (bytes: Buffer) => received.push(bytes))
    socket.on('error', () => {})
  })
  const answering = await startServer(server)
  return {
    ...answering,
    received,
    async nextClosed() {
      const [socket] = await once(server, 'connection')
      await once(socket, 'close')
    },
  }
}

async function startServer(server: Server): Promise<Answering> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new TypeError('no TCP address')
  return {
    address: { host: '127.0.0.1', port: bound.port },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** An address where nothing listens. */
export async function freeAddress(): Promise<HubAddress> {
  const { address, [Symbol.asyncDispose]: stop } = await answerWith(() => {})
  await stop()
  return address
}
