import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { connect, createServer, type TLSSocket } from 'node:tls'
import {
  aroundNow,
  BOT,
  CLUSTER_ID,
  clientCredential,
  createTestCa,
  INSTANCE_ID,
  keyPair,
  serverCredential,
  tlsClient,
} from '../../../test/fakes/tls.ts'
import { DAY, MINUTE } from '../../base/clock.ts'
import { type Peer, readPeer } from './peer.ts'

const key = keyPair()
const ca = createTestCa(key.privateKey)
const NOBODY: Peer = {
  caller: { kind: 'anyone', address: '127.0.0.1' },
  identityExpiresAt: undefined,
}
const ACCEPTED_AT = 12_345
const past = { notBeforeMs: Date.now() - DAY, notAfterMs: Date.now() - MINUTE }

/** The peer that a server of the cluster reads from a real handshake. */
async function peerOf(client?: { key: string; cert: string }, now = Date.now()): Promise<Peer> {
  const server = createServer({
    ...serverCredential(ca),
    ca: [ca.pem],
    requestCert: true,
    rejectUnauthorized: false,
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  const port = bound !== null && typeof bound === 'object' ? bound.port : 0
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...client })
  try {
    const [accepted]: TLSSocket[] = await once(server, 'secureConnection')
    assert.ok(accepted)
    const cluster = { id: CLUSTER_ID, tlsCas: [ca.signer.certificate] }
    return readPeer(accepted, cluster, { acceptedAt: ACCEPTED_AT, nowMs: now })
  } finally {
    socket.destroy()
    server.close()
  }
}

describe('a peer', () => {
  it('without a certificate is anyone', async () => {
    assert.deepEqual(await peerOf(), NOBODY)
  })

  it('with an identity certificate is that instance', async () => {
    const { caller, identityExpiresAt } = await peerOf(tlsClient(clientCredential(ca)))
    assert.equal(caller.kind, 'bot')
    assert.ok(caller.kind === 'bot')
    const { keyFingerprint, issuedAt, expiresAt, ...rest } = caller
    assert.deepEqual(rest, {
      kind: 'bot',
      bot: 'github-deploy',
      instanceId: INSTANCE_ID,
      generation: 7n,
      address: '127.0.0.1',
      connectedAt: ACCEPTED_AT,
    })
    assert.equal(keyFingerprint.length, 32)
    assert.equal(expiresAt, identityExpiresAt)
    assert.ok(issuedAt <= Date.now() && expiresAt > Date.now())
  })

  it("with a node's certificate is that node", async () => {
    const node = {
      kind: 'node',
      clusterId: CLUSTER_ID,
      name: 'web-1',
      instanceId: INSTANCE_ID,
      generation: 7n,
    } as const
    const { caller, identityExpiresAt } = await peerOf(tlsClient(clientCredential(ca, node)))
    assert.ok(caller.kind === 'node')
    assert.deepEqual(
      [caller.node, caller.instanceId, caller.generation, caller.expiresAt],
      ['web-1', INSTANCE_ID, 7n, identityExpiresAt],
    )
  })

  it('with an admin certificate is that admin', async () => {
    const admin = { kind: 'admin', clusterId: CLUSTER_ID, name: 'alice' } as const
    const { caller } = await peerOf(tlsClient(clientCredential(ca, admin)))
    assert.deepEqual([caller.kind, caller.kind === 'admin' && caller.name], ['admin', 'alice'])
  })

  it('of a foreign CA is anyone, though its CA has the same name', async () => {
    assert.deepEqual(await peerOf(tlsClient(clientCredential(createTestCa()))), NOBODY)
  })

  it('of another cluster is anyone', async () => {
    const stranger = { ...BOT, clusterId: INSTANCE_ID }
    assert.deepEqual(await peerOf(tlsClient(clientCredential(ca, stranger))), NOBODY)
  })

  it("with a server's certificate is anyone", async () => {
    assert.deepEqual(await peerOf(serverCredential(ca)), NOBODY)
  })

  it('whose certificate has expired is known, and so is the time', async () => {
    const { caller, identityExpiresAt } = await peerOf(tlsClient(clientCredential(ca, BOT, past)))
    assert.equal(caller.kind, 'bot')
    assert.equal(identityExpiresAt, Math.floor(past.notAfterMs / 1000) * 1000)
  })

  it('is known though the clock is outside the life of the CA, and no forgery is', async () => {
    for (const now of [Date.now() - 400 * DAY, Date.now() + 400 * DAY]) {
      const future = clientCredential(ca, BOT, aroundNow(Date.now() + DAY))
      assert.equal((await peerOf(tlsClient(future), now)).caller.kind, 'bot')
      const forged = clientCredential(createTestCa(), BOT, past)
      assert.deepEqual(await peerOf(tlsClient(forged), now), NOBODY)
    }
  })

  it('with an expired forgery is anyone', async () => {
    assert.deepEqual(await peerOf(tlsClient(clientCredential(createTestCa(), BOT, past))), NOBODY)
  })

  it('whose certificate is from before the clock was set back is known', async () => {
    const future = aroundNow(Date.now() + DAY)
    const { caller } = await peerOf(tlsClient(clientCredential(ca, BOT, future)))
    assert.equal(caller.kind, 'bot')
    const forged = clientCredential(createTestCa(), BOT, future)
    assert.deepEqual(await peerOf(tlsClient(forged)), NOBODY)
  })
})
