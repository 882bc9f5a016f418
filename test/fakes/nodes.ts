/** Managed nodes of a test's hub, without an agent. */
import type { NodeCaller } from '../../src/auth/caller.ts'
import { BACKDATE } from '../../src/auth/lives.ts'
import type { IssuedNode } from '../../src/auth/node-issuing.ts'
import type { NodeCertificateRequest, NodeDescription } from '../../src/auth/node-request.ts'
import { generatePrivateKey } from '../../src/ssh/private-key.ts'
import { createSshSigner } from '../../src/ssh/signature.ts'
import { proveKey } from '../../src/x509/key-proof.ts'
import { readPeerIdentity } from '../../src/x509/peer-identity.ts'
import { spkiOfPrivateKey } from '../../src/x509/public-key.ts'
import { drawIdentityKey, LOCAL, STRANGER, type TestAuth } from './auth.ts'

/** A request of web-1 for two keys made just now, or for an identity key that is given. */
export function newNodeRequest(
  node: Partial<NodeDescription> = {},
  changes: Partial<NodeCertificateRequest> = {},
  privateKey = drawIdentityKey(),
): NodeCertificateRequest {
  const hostKey = createSshSigner(generatePrivateKey('ssh-ed25519'))
  const { hostPublicKey = hostKey.publicKey.blob } = changes
  return {
    identityPublicKey: spkiOfPrivateKey(privateKey),
    hostPublicKey,
    keyProof: proveKey(privateKey, hostPublicKey),
    node: {
      name: 'web-1',
      labels: { env: 'staging' },
      hosts: ['web-1.example.com', '192.0.2.10'],
      port: 22,
      clientVersion: '1.2.3',
      sshdVersion: 'OpenSSH_9.2p1',
      ...node,
    },
    clientTime: undefined,
    ...changes,
  }
}

/** Joins with a token of its own. */
export async function joinNode(
  auth: TestAuth,
  node: Partial<NodeDescription> = {},
): Promise<IssuedNode> {
  const { value } = await auth.nodeTokens.create(LOCAL, {})
  return auth.nodeJoining.join(STRANGER, value, newNodeRequest(node))
}

/** The caller that the bearer of this identity is, once TLS has verified it. */
export function nodeCallerOf(issued: IssuedNode): NodeCaller {
  const { identity, validity, spkiFingerprint } = readPeerIdentity(issued.identityCertificate)
  if (identity.kind !== 'node') throw new TypeError('not the certificate of a node')
  return {
    kind: 'node',
    address: '192.0.2.10',
    node: identity.name,
    instanceId: identity.instanceId,
    generation: identity.generation,
    keyFingerprint: spkiFingerprint,
    issuedAt: validity.notBeforeMs + BACKDATE,
    expiresAt: validity.notAfterMs,
    connectedAt: Number.POSITIVE_INFINITY,
  }
}
