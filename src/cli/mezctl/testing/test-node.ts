/** A node of a test's hub: what its agent does over the wire, with no sshd behind it. */
import { generateKeyPairSync } from 'node:crypto'
import { systemClock } from '../../../base/clock.ts'
import { createGrpcNodeHub } from '../../../client/grpc-node-hub.ts'
import type { CallOptions, ClientCredential } from '../../../client/identity-hub.ts'
import type { NodeUpdate, SessionEvent } from '../../../client/node-hub.ts'
import { generatePrivateKey } from '../../../ssh/private-key.ts'
import { publicKeyFrom } from '../../../ssh/public-key.ts'
import { parseJoinToken } from '../../../trust/join-token.ts'
import type { TestHub } from './test-hub.ts'

export interface TestNode extends AsyncDisposable {
  readonly name: string
  readonly instanceId: string
  /** All that the hub has told it since it went online, the whole picture first. */
  readonly updates: readonly NodeUpdate[]
  report(...events: readonly SessionEvent[]): Promise<void>
  goOffline(): Promise<void>
}

/** Joins and goes online; the hub must listen on the network. */
export async function startTestNode(
  hub: TestHub,
  {
    name,
    labels = {},
  }: { readonly name: string; readonly labels?: Readonly<Record<string, string>> },
): Promise<TestNode> {
  const client = createGrpcNodeHub({ clock: systemClock, version: '1.2.3' })
  const { stdout } = await hub.mezctl(['tokens', 'create', '--roles=node', '--format=json'])
  const token: string = JSON.parse(stdout).token.value
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const [host = '', port = ''] = (hub.address ?? '').split(':')
  const address = { host, port: Number(port) }
  const issued = await client.joinNode(
    token,
    {
      identityKey: privateKey,
      hostPublicKey: publicKeyFrom(generatePrivateKey('ssh-ed25519')).blob,
      node: { name, labels, hosts: [`${name}.example.com`], port: 22, sshdVersion: '9.2p1' },
    },
    { address, trust: { kind: 'pin', pin: parseJoinToken(token).pin } },
  )
  const credential: ClientCredential = { certificate: issued.identityCertificate, privateKey }
  const leaving = new AbortController()
  const options: CallOptions = {
    address,
    trust: { kind: 'tls-ca', certificates: issued.trust.tlsCas },
  }
  const updates: NodeUpdate[] = []
  const online = Promise.withResolvers<void>()
  const watching = watch().catch((error: unknown) => {
    if (!leaving.signal.aborted) online.reject(error)
  })
  await online.promise

  async function watch(): Promise<void> {
    for await (const update of client.watchNode(credential, {
      ...options,
      signal: leaving.signal,
    })) {
      updates.push(update)
      online.resolve()
    }
  }

  async function goOffline(): Promise<void> {
    leaving.abort()
    await watching
  }

  return {
    name,
    instanceId: issued.instanceId,
    updates,
    report: (...events) => client.reportSessions(credential, events, options),
    goOffline,
    [Symbol.asyncDispose]: goOffline,
  }
}
