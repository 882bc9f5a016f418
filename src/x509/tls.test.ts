import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { HOUR } from '../base/clock.ts'
import { HUB_SERVER_NAME, issueServerCertificate } from './issue.ts'
import { type PeerCertificate, readPeerIdentity } from './peer-identity.ts'
import {
  around,
  BOT,
  createTestCluster,
  createTestKey,
  issueBot,
  serial,
  type TestKey,
} from './test-cluster.ts'

const NOW = Date.now()
const cluster = createTestCluster(NOW)

interface Credential {
  readonly key: TestKey
  readonly pem: string
}

function bot(validity = around(NOW, HOUR)): Credential {
  const key = createTestKey()
  return { key, pem: issueBot(cluster, key, validity).pem }
}

function hub(): Credential {
  const key = createTestKey()
  const base = { spki: key.spki, serial: serial(), validity: around(NOW, HOUR) }
  const names = { dnsNames: [], ipAddresses: ['127.0.0.1'] }
  return { key, pem: issueServerCertificate({ ...base, ...names }, cluster.signer).pem }
}

/** One TLS 1.3 handshake on loopback, both sides verifying; what the server read of the client. */
async function handshake(
  server: Credential,
  client: Credential | undefined,
  servername = HUB_SERVER_NAME,
): Promise<PeerCertificate> {
  const ca = cluster.ca.pem
  const listener = createServer({
    ...{ ca, key: server.key.pem, cert: server.pem, minVersion: 'TLSv1.3' },
    ...{ requestCert: true, rejectUnauthorized: false },
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const accepted = new Promise<PeerCertificate>((resolve, reject) => {
    listener.on('secureConnection', (socket: TLSSocket) => {
      socket.on('error', reject)
      const certificate = socket.getPeerX509Certificate()
      // With rejectUnauthorized the socket would only hang up; this tells OpenSSL's reason.
      if (certificate && socket.authorized) resolve(readPeerIdentity(certificate))
      else reject(new Error(`client refused: ${socket.authorizationError}`))
      socket.end()
    })
    listener.on('tlsClientError', reject)
  })
  const address = listener.address()
  assert.ok(address && typeof address === 'object')
  const { port } = address
  const socket = connect({
    ...{ ca, port, host: '127.0.0.1', servername, minVersion: 'TLSv1.3' },
    ...(client ? { key: client.key.pem, cert: client.pem } : {}),
  })
  try {
    const verified = once(socket, 'secureConnect')
    const [peer] = await Promise.all([accepted, verified])
    return peer
  } finally {
    socket.on('error', () => {})
    socket.destroy()
    listener.close()
  }
}

describe('TLS 1.3 with client certificates', () => {
  it('accepts a hub and a bot, and names the bot', async () => {
    const client = bot()
    const peer = await handshake(hub(), client)
    assert.deepEqual(peer.identity, BOT)
    assert.deepEqual(peer.spki, client.key.spki)
  })

  it('refuses a bot as a hub', async () => {
    await assert.rejects(handshake(bot(), bot()), { code: 'INVALID_PURPOSE' })
  })

  it('refuses a hub as a bot', async () => {
    await assert.rejects(handshake(hub(), hub()), /INVALID_PURPOSE/)
  })

  it('refuses an expired bot', async () => {
    const expired = { notBeforeMs: NOW - HOUR, notAfterMs: NOW - 1000 }
    await assert.rejects(handshake(hub(), bot(expired)), /CERT_HAS_EXPIRED/)
  })

  it('refuses a hub of another name', async () => {
    await assert.rejects(handshake(hub(), bot(), 'other.example'), {
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
  })

  it('refuses a client without a certificate', async () => {
    await assert.rejects(handshake(hub(), undefined), /client refused/)
  })
})
