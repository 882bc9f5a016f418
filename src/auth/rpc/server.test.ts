import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { describe, it } from 'node:test'
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { DEPLOYER, newRequest } from '../../../test/fakes/auth.ts'
import { openTestHub, type TestHub } from '../../../test/fakes/hub.ts'
import { clientCredential, createTestCa, keyPair } from '../../../test/fakes/tls.ts'
import { DAY, MINUTE, systemClock } from '../../base/clock.ts'
import { openAdminClient } from '../../client/admin-client.ts'
import { type HubChannel, openTlsChannel } from '../../client/channel.ts'
import { createGrpcIdentityHub } from '../../client/grpc-identity-hub.ts'
import type { ClientCredential, HubTrust } from '../../client/identity-hub.ts'
import { serverTrust } from '../../client/server-trust.ts'
import { callUnary } from '../../client/unary-call.ts'
import { IdentityService } from '../../gen/mezite/v1/identity_pb.js'
import { parseJoinToken } from '../../trust/join-token.ts'

const identities = createGrpcIdentityHub({
  clock: systemClock,
  client: { version: '9.9', hostname: 'ci\u001b[31m-7' },
})

/** Keys to be certified, and the private half of the identity's. */
function draw() {
  const { privateKey } = keyPair()
  const { sshPublicKey } = newRequest()
  const lives = { certificateTtlMs: undefined, renewalIntervalMs: undefined }
  return { privateKey, request: { identityKey: privateKey, sshPublicKey, ...lives } }
}

async function createToken(hub: TestHub): Promise<string> {
  await hub.local.roles.createRole({ document: DEPLOYER })
  const roles = ['ci-deployer']
  const { token } = await hub.local.bots.createBot({ name: 'github-deploy', roles })
  return token?.value ?? ''
}

async function join(hub: TestHub) {
  const token = await createToken(hub)
  const { privateKey, request } = draw()
  const trust: HubTrust = { kind: 'pin', pin: parseJoinToken(token).pin }
  const issued = await identities.join(token, request, { address: hub.address, trust })
  const credential: ClientCredential = { certificate: issued.identityCertificate, privateKey }
  return { token, issued, credential }
}

function trustOf(hub: TestHub): HubTrust {
  return { kind: 'tls-ca', certificates: [hub.auth.context.authorities.tls.certificate.der] }
}

function renew(hub: TestHub, credential: ClientCredential) {
  return identities.renew(credential, draw().request, { address: hub.address, trust: trustOf(hub) })
}

/** One connection for several calls, as no daemon keeps it. */
function keepChannel(hub: TestHub, credential: ClientCredential): HubChannel {
  const certificates = [hub.auth.context.authorities.tls.certificate.der]
  const trust = serverTrust({ kind: 'tls-ca', certificates }, hub.address.host)
  return openTlsChannel({ address: hub.address, clock: systemClock }, trust, credential)
}

describe('a bot', () => {
  it('joins by its token alone, and renews', async () => {
    await using hub = await openTestHub()
    const { issued, credential } = await join(hub)
    assert.equal(issued.generation, 1n)
    assert.equal(issued.clusterId, hub.auth.context.store.clusterId)
    assert.deepEqual(issued.tlsCas, [hub.auth.context.authorities.tls.certificate.der])
    const next = await renew(hub, credential)
    assert.deepEqual([next.instanceId, next.generation], [issued.instanceId, 2n])
    const until = (next.suggestedRenewalAt ?? 0) - next.hubTime
    assert.ok(
      until >= 10 * MINUTE && until <= 20 * MINUTE,
      'a third of an hour, or a little before',
    )
    const { instances } = await hub.local.bots.listInstances({ bot: 'github-deploy' })
    const [instance] = instances
    assert.equal(instance?.address, '127.0.0.1')
    assert.equal(instance?.clientVersion, '9.9')
    assert.equal(instance?.clientHost, 'ci?[31m-7', 'fit for a terminal')
  })

  it('is told what became of its token', async () => {
    await using hub = await openTestHub()
    const { token } = await join(hub)
    const again = identities.join(token, draw().request, {
      address: hub.address,
      trust: trustOf(hub),
    })
    await assert.rejects(again, { code: 'refused', hubCode: 'token-used', hint: /rotate-token/ })
  })

  it('is recognised by its certificate of this cluster alone', async () => {
    await using hub = await openTestHub()
    await join(hub)
    const foreign = clientCredential(createTestCa())
    await assert.rejects(renew(hub, foreign), { code: 'refused', hubCode: 'unauthenticated' })
  })

  it('loses its identity at its expiry, also on a connection that it has', async () => {
    await using hub = await openTestHub()
    const { credential } = await join(hub)
    const channel = keepChannel(hub, credential)
    const { identityPublicKey, sshPublicKey, keyProof } = newRequest()
    const request = { request: { identityPublicKey, sshPublicKey, keyProof } }
    const call = () => callUnary(channel, IdentityService.method.renew, request)
    await call()
    hub.auth.clock.advance(2 * DAY)
    await assert.rejects(call(), { hubCode: 'identity-expired', hint: /rotate-token/ })
    channel.close()
    // On a new one, as OpenSSL sees no expiry yet.
    await assert.rejects(renew(hub, credential), { hubCode: 'identity-expired' })
  })
})

describe('the hub', () => {
  const call = (client: Client, path: string, body: Buffer): Promise<ServiceError | null> =>
    new Promise((resolve) => {
      const asItIs = (bytes: Buffer) => bytes
      client.makeUnaryRequest(path, asItIs, asItIs, body, new Metadata(), (error) => resolve(error))
    })

  it('reads no request above its limit', async () => {
    await using hub = await openTestHub()
    const client = new Client(`unix:${hub.socketPath}`, credentials.createInsecure())
    const path = '/mezite.v1.RoleService/CreateRole'
    const error = await call(client, path, Buffer.alloc(1024 * 1024))
    assert.equal(error?.code, status.RESOURCE_EXHAUSTED)
    client.close()
    await hub.local.status.getStatus({})
  })

  it('knows no other method, and refuses what is no message', async () => {
    await using hub = await openTestHub()
    const client = new Client(`unix:${hub.socketPath}`, credentials.createInsecure())
    const unknown = await call(client, '/mezite.v1.BotService/BecomeRoot', Buffer.alloc(0))
    assert.equal(unknown?.code, status.UNIMPLEMENTED)
    const garbage = await call(client, '/mezite.v1.BotService/GetBot', Buffer.of(0xff, 0xff))
    assert.equal(garbage?.code, status.INVALID_ARGUMENT)
    assert.deepEqual(garbage?.metadata.get('mezite-code'), ['invalid-request'])
    client.close()
  })

  it('gets any text back to its caller, cut to what a header takes', async () => {
    await using hub = await openTestHub()
    for (const name of ['x\n– 😀 %', `x${'😀'.repeat(20_000)}`, 'y'.repeat(100_000)]) {
      await assert.rejects(hub.local.bots.createBot({ name, roles: ['r'] }), {
        hubCode: 'invalid-request',
      })
      const document = `kind: ${JSON.stringify(name)}`
      await assert.rejects(hub.local.roles.createRole({ document }), { hubCode: 'invalid-request' })
    }
  })

  it('tells nothing of its own failures but the number of the log entry', async () => {
    await using hub = await openTestHub()
    await hub.auth.context.store.close()
    const error: unknown = await hub.local.bots.listBots({}).catch((it: unknown) => it)
    const { code, hubCode, hint } = Object(error)
    assert.deepEqual([code, ['internal', 'unavailable'].includes(hubCode)], ['refused', true])
    const [entry] = hub.logged
    assert.match(hint, new RegExp(`incident ${entry?.fields['incident']}$`))
  })

  it('answers the calls under way before it stops, and takes no more', async () => {
    await using hub = await openTestHub()
    const { token, issued } = await join(hub)
    assert.ok(issued && token)
    const idle = createConnection(hub.address)
    await once(idle, 'connect')
    const calls = Array.from({ length: 20 }, (_, index) =>
      hub.local.bots.lockBot({ name: 'github-deploy', message: String(index) }),
    )
    // One more answer than locks: the connection has been made, the others are on their way.
    await hub.local.status.getStatus({})
    const [closed] = await Promise.all([once(idle, 'close'), hub.server.close(5_000), ...calls])
    assert.ok(closed)
    const late = await openAdminClient({ kind: 'unix', path: hub.socketPath })
    await assert.rejects(late.status.getStatus({}), { code: 'unreachable', hint: /start mezhub/ })
    late.close()
    await assert.rejects(renew(hub, draw() && clientCredential(createTestCa())), {
      code: 'unreachable',
    })
  })

  it('does not wait for a peer that never ends', async () => {
    await using hub = await openTestHub()
    const channel = keepChannel(hub, clientCredential(createTestCa()))
    const never = new Client(`unix:${hub.socketPath}`, credentials.createInsecure())
    const stream = never.makeClientStreamRequest(
      '/mezite.v1.StatusService/GetStatus',
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      new Metadata(),
      () => {},
    )
    stream.on('error', () => {})
    stream.write(Buffer.alloc(0))
    await hub.local.status.getStatus({})
    await hub.server.close(50)
    channel.close()
    never.close()
  })
})
