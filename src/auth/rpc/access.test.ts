import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DescMethod } from '@bufbuild/protobuf'
import { newRequest } from '../../../test/fakes/auth.ts'
import { createAdmin, openRemote, openTestHub, type TestHub } from '../../../test/fakes/hub.ts'
import { INSTANCE_ID, keyPair } from '../../../test/fakes/tls.ts'
import { DAY, HOUR, MINUTE, systemClock } from '../../base/clock.ts'
import { type HubChannel, openTlsChannel, openUnixChannel } from '../../client/channel.ts'
import type { ClientCredential } from '../../client/identity-hub.ts'
import { callServerStream } from '../../client/server-stream.ts'
import { serverTrust } from '../../client/server-trust.ts'
import { callUnary } from '../../client/unary-call.ts'
import * as health from '../../gen/grpc/health/v1/health_pb.js'
import * as admin from '../../gen/mezite/v1/admin_pb.js'
import * as identity from '../../gen/mezite/v1/identity_pb.js'
import * as node from '../../gen/mezite/v1/node_pb.js'
import { methodName } from '../../rpc/method-name.ts'
import { issueClientCertificate } from '../../x509/issue.ts'
import type { CallerKind } from '../caller.ts'
import { ACCESS, OPEN_TO_EXPIRED } from './access.ts'

const METHODS: readonly DescMethod[] = [identity, node, admin, health]
  .flatMap((module) => Object.values(module))
  .flatMap((export_) => (export_.kind === 'service' ? export_.methods : []))
const KINDS: readonly CallerKind[] = ['anyone', 'bot', 'node', 'admin', 'local']

/** A bot's or a node's identity, as far as TLS can tell. */
function issueGhost(hub: TestHub, kind: 'bot' | 'node', lifeMs = HOUR): ClientCredential {
  const { privateKey, spki } = keyPair()
  const { store, authorities } = hub.auth.context
  const now = Date.now()
  const { der } = issueClientCertificate(
    {
      spki,
      serial: Buffer.alloc(16, 7),
      validity: { notBeforeMs: now - DAY, notAfterMs: now + lifeMs },
      identity: {
        kind,
        clusterId: store.clusterId,
        name: 'ghost',
        instanceId: INSTANCE_ID,
        generation: 1n,
      },
    },
    authorities.tls,
  )
  return { privateKey, certificate: der }
}

async function openChannelAs(hub: TestHub, kind: CallerKind) {
  if (kind === 'local') return openUnixChannel(hub.socketPath)
  return openChannelWith(hub, await credentialOf(hub, kind))
}

function openChannelWith(hub: TestHub, credential: ClientCredential | undefined): HubChannel {
  const certificates = [hub.auth.context.authorities.tls.certificate.der]
  const trust = serverTrust({ kind: 'tls-ca', certificates }, hub.address.host)
  return openTlsChannel({ address: hub.address, clock: systemClock }, trust, credential)
}

async function credentialOf(hub: TestHub, kind: Exclude<CallerKind, 'local'>) {
  if (kind === 'anyone') return undefined
  return kind === 'admin' ? createAdmin(hub, 'alice') : issueGhost(hub, kind)
}

/** The hub's answer to an empty request: its code of a refusal, or `ok`. */
async function call(channel: HubChannel, method: DescMethod): Promise<string> {
  try {
    if (method.methodKind === 'server_streaming') {
      const streaming = { ...method, methodKind: 'server_streaming' } as const
      for await (const _ of callServerStream(channel, streaming, {})) break
    } else {
      assert.ok(method.methodKind === 'unary')
      await callUnary(channel, { ...method, methodKind: 'unary' }, {})
    }
    return 'ok'
  } catch (error) {
    return String(Reflect.get(Object(error), 'hubCode'))
  }
}

describe('the access table', () => {
  it('names every RPC and no other', () => {
    assert.ok(METHODS.length > 20)
    assert.deepEqual([...ACCESS.keys()].sort(), METHODS.map(methodName).sort())
  })

  it('gives each kind of caller no more than it needs', () => {
    const allowedTo = (kind: CallerKind) =>
      [...ACCESS].filter(([, kinds]) => kinds.includes(kind)).map(([rpc]) => rpc)
    const joins = ['mezite.v1.JoinService/Join', 'mezite.v1.NodeJoinService/JoinNode']
    const ofBots = identity.IdentityService.methods.map(methodName)
    const ofNodes = node.NodeAgentService.methods.map(methodName)
    const forAll = [...joins, 'grpc.health.v1.Health/Check']
    assert.deepEqual(allowedTo('anyone'), forAll)
    assert.deepEqual(allowedTo('bot').sort(), [...forAll, ...ofBots].sort())
    assert.deepEqual(allowedTo('node').sort(), [...forAll, ...ofNodes].sort())
    const administration = METHODS.map(methodName).filter(
      (rpc) => !ofBots.includes(rpc) && !ofNodes.includes(rpc),
    )
    assert.equal(administration.length, METHODS.length - 8)
    assert.deepEqual(allowedTo('admin').sort(), administration.sort())
    const local = administration.filter((rpc) => !rpc.endsWith('/RenewAdmin'))
    assert.deepEqual(allowedTo('local').sort(), local.sort())
  })

  for (const kind of KINDS) {
    it(`lets ${kind} make the calls it names, and refuses every other, on a real connection`, async () => {
      await using hub = await openTestHub()
      const channel = await openChannelAs(hub, kind)
      const { audit } = hub.auth.context.store
      const before = await audit.count()
      const refused: string[] = []
      for (const method of METHODS) {
        const code = await call(channel, method)
        const isRefused = code === 'permission-denied' || code === 'unauthenticated'
        const mayCall = ACCESS.get(methodName(method))?.includes(kind) ?? false
        assert.equal(isRefused, !mayCall, `${kind} ${methodName(method)}: ${code}`)
        if (isRefused) {
          refused.push(methodName(method))
          assert.equal(code, kind === 'anyone' ? 'unauthenticated' : 'permission-denied')
        }
      }
      channel.close()
      const events = await audit.list({ limit: 1_000, type: 'rpc.denied' })
      assert.deepEqual(events.map(({ fields }) => fields?.['rpc']).reverse(), refused)
      assert.ok(events.every(({ outcome }) => outcome === 'refused'))
      assert.ok((await audit.count()) - before >= refused.length)
      assert.deepEqual(hub.logged, [], 'no call is a failure of the hub')
    })
  }
})

describe('an identity that has expired', () => {
  it('gets as far as the renewals of its own kind, and nowhere else', async () => {
    assert.deepEqual(
      [...OPEN_TO_EXPIRED].map((rpc) => ACCESS.get(rpc)),
      [['bot'], ['node']],
    )
    for (const kind of ['bot', 'node'] as const) {
      await using hub = await openTestHub()
      const channel = openChannelWith(hub, issueGhost(hub, kind, -MINUTE))
      for (const method of METHODS) {
        const name = methodName(method)
        const mayTry = OPEN_TO_EXPIRED.has(name) && ACCESS.get(name)?.includes(kind)
        const code = await call(channel, method)
        // An empty request has no key that could be certified.
        assert.equal(code, mayTry ? 'invalid-request' : 'identity-expired', `${kind} ${name}`)
      }
      channel.close()
      assert.deepEqual(hub.logged, [])
    }
  })

  it('is refused there too without a readmission, and leaves an event', async () => {
    await using hub = await openTestHub()
    const channel = openChannelWith(hub, issueGhost(hub, 'bot', -MINUTE))
    const { renew } = identity.IdentityService.method
    const { identityPublicKey, sshPublicKey, keyProof } = newRequest()
    const request = { request: { identityPublicKey, sshPublicKey, keyProof } }
    await assert.rejects(callUnary(channel, renew, request), { hubCode: 'identity-expired' })
    channel.close()
    const [event] = await hub.auth.context.store.audit.list({ limit: 1 })
    assert.deepEqual(
      [event?.type, event?.outcome, event?.fields?.['reason'], event?.bot],
      ['bot.renew', 'refused', 'identity-expired', 'ghost'],
    )
  })

  it('of an admin is good for nothing, on a connection that it has too', async () => {
    await using hub = await openTestHub()
    const channel = openChannelWith(hub, await createAdmin(hub, 'alice'))
    hub.auth.clock.advance(91 * DAY)
    for (const method of METHODS) {
      assert.equal(await call(channel, method), 'identity-expired', methodName(method))
    }
    channel.close()
  })
})

describe('an admin identity', () => {
  it('acts under its name', async () => {
    await using hub = await openTestHub()
    const alice = await openRemote(hub, await createAdmin(hub, 'alice'))
    assert.equal((await alice.status.getStatus({})).caller, 'admin:alice')
    alice.close()
  })

  it('is worthless from its removal on, also on a connection that it has', async () => {
    await using hub = await openTestHub()
    const alice = await openRemote(hub, await createAdmin(hub, 'alice'))
    await alice.status.getStatus({})
    await hub.local.admins.deleteAdmin({ name: 'alice' })
    await assert.rejects(alice.status.getStatus({}), { hubCode: 'unauthenticated' })
    alice.close()
  })

  it('does not come back with another of the same name', async () => {
    await using hub = await openTestHub()
    const first = await createAdmin(hub, 'alice')
    await hub.local.admins.deleteAdmin({ name: 'alice' })
    await createAdmin(hub, 'alice')
    const alice = await openRemote(hub, first)
    await assert.rejects(alice.status.getStatus({}), { hubCode: 'unauthenticated' })
    alice.close()
  })

  it('ends with its certificate, also on a connection that it has', async () => {
    await using hub = await openTestHub()
    const alice = await openRemote(hub, await createAdmin(hub, 'alice'))
    await alice.status.getStatus({})
    hub.auth.clock.advance(91 * 86_400_000)
    await assert.rejects(alice.status.getStatus({}), {
      hubCode: 'identity-expired',
      hint: /mezctl admins add/,
    })
    alice.close()
  })
})
