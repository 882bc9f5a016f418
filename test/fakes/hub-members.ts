/** Bots and nodes that have joined a test hub over the wire. */

import { systemClock } from '../../src/base/clock.ts'
import { createGrpcIdentityHub } from '../../src/client/grpc-identity-hub.ts'
import { createGrpcNodeHub } from '../../src/client/grpc-node-hub.ts'
import type { ClientCredential } from '../../src/client/identity-hub.ts'
import type { NodeRequest } from '../../src/client/node-hub.ts'
import { generatePrivateKey } from '../../src/ssh/private-key.ts'
import { publicKeyFrom } from '../../src/ssh/public-key.ts'
import { DEPLOYER } from './auth.ts'
import type { TestHub } from './hub.ts'
import { keyPair } from './tls.ts'

export const nodeHub = createGrpcNodeHub({ clock: systemClock, version: '9.9' })
export const identityHub = createGrpcIdentityHub({
  clock: systemClock,
  client: { version: '9.9', hostname: 'ci-7' },
})

/** How its members call it. */
export function to(hub: TestHub, signal?: AbortSignal) {
  const certificates = [hub.auth.context.authorities.tls.certificate.der]
  return { address: hub.address, trust: { kind: 'tls-ca', certificates }, signal } as const
}

export function nodeRequest(name: string) {
  const { privateKey } = keyPair()
  const request: NodeRequest = {
    identityKey: privateKey,
    hostPublicKey: publicKeyFrom(generatePrivateKey('ssh-ed25519')).blob,
    node: {
      name,
      labels: { env: 'staging' },
      hosts: [`${name}.example`],
      port: 22,
      sshdVersion: 'OpenSSH_9.2p1',
    },
  }
  return { privateKey, request }
}

export async function joinNode(hub: TestHub, name: string): Promise<ClientCredential> {
  const { token } = await hub.local.tokens.createToken({ role: 'node' })
  const { privateKey, request } = nodeRequest(name)
  const issued = await nodeHub.joinNode(token?.value ?? '', request, to(hub))
  return { privateKey, certificate: issued.identityCertificate }
}

/** With the role of the documentation, which it creates. */
export async function joinBot(hub: TestHub, name: string): Promise<ClientCredential> {
  await hub.local.roles.createRole({ document: DEPLOYER })
  const { token } = await hub.local.bots.createBot({ name, roles: ['ci-deployer'] })
  const { privateKey } = keyPair()
  const request = {
    identityKey: privateKey,
    sshPublicKey: publicKeyFrom(generatePrivateKey('ssh-ed25519')).blob,
    certificateTtlMs: undefined,
    renewalIntervalMs: undefined,
  }
  const issued = await identityHub.join(token?.value ?? '', request, to(hub))
  return { privateKey, certificate: issued.identityCertificate }
}
