/** The hub's domain on a real embedded store, in a directory that goes away with it. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Auth, type AuthOptions, createAuth } from '../../src/auth/auth.ts'
import { openAuthorities } from '../../src/auth/authorities.ts'
import type { BotCaller, Caller } from '../../src/auth/caller.ts'
import type { CertificateRequest, IssuedIdentity } from '../../src/auth/issuing.ts'
import { BACKDATE } from '../../src/auth/lives.ts'
import { createKeySealer } from '../../src/auth/sealed-key.ts'
import { openSqliteStore } from '../../src/auth/store/sqlite/open.ts'
import { systemRandom } from '../../src/base/random.ts'
import { generatePrivateKey } from '../../src/ssh/private-key.ts'
import { createSshSigner } from '../../src/ssh/signature.ts'
import { proveKey } from '../../src/x509/key-proof.ts'
import { readPeerIdentity } from '../../src/x509/peer-identity.ts'
import { spkiOfPrivateKey } from '../../src/x509/public-key.ts'
import { FakeClock } from './clock.ts'
import { expectKnownEvents } from './known-events.ts'

export const LOCAL: Caller = { kind: 'local', address: '' }
export const STRANGER: Caller = { kind: 'anyone', address: '192.0.2.7' }

/** The role of the documentation. */
export const DEPLOYER = `kind: role
metadata:
  name: ci-deployer
  description: "CI/CD deploy pipeline SSH access"
spec:
  options:
    max_session_ttl: 1h
  allow:
    node_labels:
      env:
        - staging
        - production
    logins:
      - deploy
  deny:
    logins:
      - root
`

export interface TestAuth extends Auth, AsyncDisposable {
  readonly clock: FakeClock
  /** That of its store. */
  readonly database: string
}

export interface TestAuthPlace extends AuthOptions {
  /** A data directory that outlives the hub; without it one of its own. */
  readonly directory?: string
  /** Left out: one that makes nothing wait. */
  readonly clock?: FakeClock
}

export async function openTestAuth(place: TestAuthPlace = {}): Promise<TestAuth> {
  const directory = place.directory ?? (await mkdtemp(join(tmpdir(), 'mezite-auth-')))
  const clock = place.clock ?? new FakeClock()
  const random = systemRandom
  const { pid } = process
  const uid = process.getuid?.() ?? 0
  const store = await openSqliteStore({ directory, clock, random, pid, uid })
  const checkEvents = expectKnownEvents(store)
  const sealer = createKeySealer(undefined, random)
  const authorities = await openAuthorities({
    store,
    clock,
    random,
    sealer,
    sshKeyType: 'ssh-ed25519',
  })
  const publicAddress = () => 'hub.example:3025'
  const auth = await createAuth({ store, clock, random, authorities, publicAddress }, place)
  return {
    ...auth,
    clock,
    database: join(directory, 'hub.db'),
    async [Symbol.asyncDispose]() {
      await store.close()
      if (place.directory === undefined) await rm(directory, { recursive: true })
      checkEvents()
    },
  }
}

export function drawIdentityKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
}

/** A request for two keys made just now, or for an identity key that is given. */
export function newRequest(
  changes: Partial<CertificateRequest> = {},
  privateKey = drawIdentityKey(),
): CertificateRequest {
  const sshKey = createSshSigner(generatePrivateKey('ecdsa-sha2-nistp256'))
  const { sshPublicKey = sshKey.publicKey.blob } = changes
  return {
    identityPublicKey: spkiOfPrivateKey(privateKey),
    sshPublicKey,
    keyProof: proveKey(privateKey, sshPublicKey),
    certificateTtl: undefined,
    renewalInterval: undefined,
    clientTime: undefined,
    clientVersion: '1.2.3',
    clientHost: 'ci-7',
    ...changes,
  }
}

/** The caller that the bearer of this identity is, once TLS has verified it. */
export function callerOf(issued: IssuedIdentity): BotCaller {
  const { identity, validity, spkiFingerprint } = readPeerIdentity(issued.identityCertificate)
  if (identity.kind !== 'bot') throw new TypeError('not the certificate of a bot')
  return {
    kind: 'bot',
    address: '192.0.2.7',
    bot: identity.name,
    instanceId: identity.instanceId,
    generation: identity.generation,
    keyFingerprint: spkiFingerprint,
    issuedAt: validity.notBeforeMs + BACKDATE,
    expiresAt: validity.notAfterMs,
    connectedAt: Number.POSITIVE_INFINITY,
  }
}
