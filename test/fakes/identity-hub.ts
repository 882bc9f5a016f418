/**
 * A hub in memory: real certificates and the real decision on generations, without network, store
 * and roles. It can lose its answers, and refuse.
 */
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { decideGeneration, type StoredGeneration } from '../../src/auth/generation.ts'
import { sha256 } from '../../src/base/bytes.ts'
import { type Clock, DAY, HOUR, MINUTE, SECOND } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import {
  type CallOptions,
  type CertificateRequest,
  type ClientCredential,
  HubError,
  type HubWishes,
  type IdentityHub,
  type IssuedIdentity,
  type ReachableNode,
  type Surroundings,
} from '../../src/client/identity-hub.ts'
import { issueCertificate } from '../../src/ssh/issue-certificate.ts'
import { generatePrivateKey } from '../../src/ssh/private-key.ts'
import { parsePublicKey, publicKeyFrom } from '../../src/ssh/public-key.ts'
import { createSshSigner } from '../../src/ssh/signature.ts'
import { encodeJoinToken } from '../../src/trust/join-token.ts'
import { createCertificateAuthority, createX509Signer } from '../../src/x509/authority.ts'
import { issueClientCertificate } from '../../src/x509/issue.ts'
import { readPeerIdentity } from '../../src/x509/peer-identity.ts'
import { spkiOfPrivateKey, spkiPin } from '../../src/x509/public-key.ts'

interface Instance extends StoredGeneration {
  readonly tokenText: string
}

const BOT = 'github-deploy'

/** One cluster's CAs serve every fake hub of a test file. */
const userCa = createSshSigner(generatePrivateKey('ssh-ed25519'))
const hostCa = publicKeyFrom(generatePrivateKey('ssh-ed25519'))
const tlsKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const tlsCa = createCertificateAuthority({
  clusterName: 'test',
  privateKey: tlsKey,
  serial: systemRandom.bytes(16),
  validity: { notBeforeMs: Date.UTC(2020, 0, 1), notAfterMs: Date.UTC(2049, 0, 1) },
})
const tlsSigner = createX509Signer(tlsCa.der, tlsKey)
const CLUSTER = '5f0c8c50-7d3c-4b0b-9f0a-4b7a0c7f6d11'
const TRUST = {
  clusterId: CLUSTER,
  tlsCas: [tlsCa.der],
  userCas: [userCa.publicKey.blob],
  hostCas: [hostCa.blob],
}

const NO_WISHES: HubWishes = { reportTrust: false, renewWithinMs: undefined }

export class FakeIdentityHub implements IdentityHub {
  readonly #clock: Pick<Clock, 'now'>
  readonly #instances = new Map<string, Instance>()
  readonly #spent = new Set<string>()
  readonly #readmitted = new Set<string>()
  /** How far its clock is ahead of everyone else's. */
  skewMs = 0
  certificateTtlMs = HOUR
  identityTtlMs = DAY
  nodes: readonly ReachableNode[] = [
    { name: 'web-1', host: '127.0.0.1', port: 2222, logins: ['deploy'] },
  ]
  suggestedInMs: number | undefined
  joins = 0
  renewals = 0
  /** Every refusal for a second use, which would lock an instance. */
  locked = 0
  /** Answers to the call of this number, of joins and renewals together, that get lost. */
  loseAnswer: (call: number) => boolean = () => false
  /** The hub's code of a refusal for every join, or every renewal. */
  refuseJoin: string | undefined
  refuseRenewal: string | undefined
  isUnreachable = false
  /** The credentials of all watches so far. */
  readonly watches: ClientCredential[] = []
  readonly reports: Buffer[] = []
  mostOpenWatches = 0
  #openWatches = 0
  readonly #told: (Surroundings | Error | 'end')[] = []
  #wake: (() => void) | undefined

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  newToken(): string {
    const secret = systemRandom.bytes(16)
    return encodeJoinToken({ kind: 'bot', secret, pin: spkiPin(tlsCa.der) })
  }

  /** Lets the instance that joined last renew once although it has expired. */
  readmit(): void {
    const id = [...this.#instances.keys()].at(-1)
    if (id !== undefined) this.#readmitted.add(id)
  }

  get calls(): number {
    return this.joins + this.renewals
  }

  /** The newest generation of the instance that joined last. */
  get generation(): bigint | undefined {
    return [...this.#instances.values()].at(-1)?.generation
  }

  /** Its store is restored to before the first join. */
  forget(): void {
    this.#instances.clear()
    this.#spent.clear()
  }

  async join(token: string, request: CertificateRequest): Promise<IssuedIdentity> {
    this.#begin('joins', this.refuseJoin)
    const keyFingerprint = sha256(spkiOfPrivateKey(request.identityKey))
    const sshKeyFingerprint = sha256(request.sshPublicKey)
    const before = [...this.#instances].find(
      ([, instance]) =>
        instance.tokenText === token &&
        instance.generation === 1n &&
        keyFingerprint.equals(instance.keyFingerprint) &&
        sshKeyFingerprint.equals(instance.sshKeyFingerprint),
    )
    if (!before && this.#spent.has(token)) throw refused('token-used')
    const id = before?.[0] ?? systemRandom.uuid()
    this.#spent.add(token)
    this.#instances.set(id, {
      tokenText: token,
      generation: 1n,
      keyFingerprint,
      previousKeyFingerprint: undefined,
      sshKeyFingerprint,
    })
    return this.#answer(this.#issue(id, 1n, request))
  }

  async renew(credential: ClientCredential, request: CertificateRequest): Promise<IssuedIdentity> {
    this.#begin('renewals', this.refuseRenewal)
    const { identity, spki, spkiFingerprint, validity } = readPeerIdentity(credential.certificate)
    const proven = createPublicKey(credential.privateKey).export({ format: 'der', type: 'spki' })
    if (identity.kind !== 'bot' || !proven.equals(spki)) throw refused('unauthenticated')
    if (validity.notAfterMs <= this.#now() && !this.#readmitted.delete(identity.instanceId)) {
      throw refused('identity-expired')
    }
    const stored = this.#instances.get(identity.instanceId)
    if (!stored) throw refused('instance-unknown')
    const keyFingerprint = sha256(spkiOfPrivateKey(request.identityKey))
    const sshKeyFingerprint = sha256(request.sshPublicKey)
    const decision = decideGeneration(stored, {
      generation: identity.generation,
      keyFingerprint: spkiFingerprint,
      nextKeyFingerprint: keyFingerprint,
      nextSshKeyFingerprint: sshKeyFingerprint,
    })
    if (decision.action === 'lock' || decision.action === 'late') {
      this.locked += 1
      throw refused('generation-mismatch')
    }
    const { generation } = decision
    if (decision.action !== 'repeat') {
      this.#instances.set(identity.instanceId, {
        ...stored,
        generation,
        keyFingerprint,
        previousKeyFingerprint: spkiFingerprint,
        sshKeyFingerprint,
      })
    }
    return this.#answer(this.#issue(identity.instanceId, generation, request))
  }

  /** What `tell` is given, for as long as nobody ends it. */
  async *watch(
    credential: ClientCredential,
    { signal }: CallOptions,
  ): AsyncGenerator<Surroundings, void, undefined> {
    this.watches.push(credential)
    this.#openWatches += 1
    this.mostOpenWatches = Math.max(this.mostOpenWatches, this.#openWatches)
    try {
      yield* this.#tellAll(signal)
    } finally {
      this.#openWatches -= 1
    }
  }

  async *#tellAll(signal: AbortSignal | undefined): AsyncGenerator<Surroundings, void, undefined> {
    while (true) {
      signal?.throwIfAborted()
      const told = this.#told.shift()
      if (told instanceof Error) throw told
      if (told === 'end') return
      if (told !== undefined) {
        yield told
        continue
      }
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      signal?.addEventListener('abort', () => resolve(), { once: true })
      await promise
    }
  }

  /** For the watch that is open, or the next: nodes, its failure, or that it ends well. */
  tell(...told: readonly (readonly ReachableNode[] | Error | 'end')[]): void {
    for (const each of told) {
      const isNodes = each !== 'end' && !(each instanceof Error)
      this.#told.push(isNodes ? { trust: TRUST, nodes: each, ...NO_WISHES } : each)
    }
    this.#wake?.()
  }

  /** What the hub of another cluster would tell. */
  tellForeign(nodes: readonly ReachableNode[]): void {
    this.#told.push({ trust: { ...TRUST, clusterId: systemRandom.uuid() }, nodes, ...NO_WISHES })
    this.#wake?.()
  }

  /** What the hub asks for of those who watch, while it rotates a CA. */
  wish(wishes: HubWishes): void {
    this.#told.push({ trust: TRUST, nodes: this.nodes, ...wishes })
    this.#wake?.()
  }

  async reportTrust(_credential: ClientCredential, trustDigest: Buffer): Promise<void> {
    this.reports.push(trustDigest)
  }

  #begin(kind: 'joins' | 'renewals', refusal: string | undefined): void {
    this[kind] += 1
    if (this.isUnreachable) throw new HubError('unreachable', 'no answer')
    if (refusal !== undefined) throw refused(refusal)
  }

  #answer(issued: IssuedIdentity): IssuedIdentity {
    if (this.loseAnswer(this.calls)) throw new HubError('unreachable', 'the answer got lost')
    return issued
  }

  #now(): number {
    return this.#clock.now() + this.skewMs
  }

  #issue(instanceId: string, generation: bigint, request: CertificateRequest): IssuedIdentity {
    const hubTime = this.#now()
    const life = request.certificateTtlMs ?? this.certificateTtlMs
    const certificate = issueCertificate(
      {
        publicKey: parsePublicKey(request.sshPublicKey),
        type: 'user',
        serial: systemRandom.bytes(8).readBigUInt64BE() || 1n,
        keyId: `bot/${BOT}/instance/${instanceId}/generation/${generation}`,
        validPrincipals: [`bot:${BOT}`, 'deploy'],
        validAfter: BigInt(Math.floor((hubTime - MINUTE) / SECOND)),
        validBefore: BigInt(Math.floor((hubTime + life) / SECOND)),
        criticalOptions: [],
        extensions: [],
      },
      userCa,
      systemRandom.bytes(32),
    )
    const identity = issueClientCertificate(
      {
        spki: spkiOfPrivateKey(request.identityKey),
        serial: systemRandom.bytes(16),
        validity: { notBeforeMs: hubTime - MINUTE, notAfterMs: hubTime + this.identityTtlMs },
        identity: { kind: 'bot', clusterId: CLUSTER, name: BOT, instanceId, generation },
      },
      tlsSigner,
    )
    return {
      bot: BOT,
      instanceId,
      generation,
      identityCertificate: identity.der,
      sshCertificate: certificate.blob,
      ...TRUST,
      nodes: this.nodes,
      suggestedRenewalAt:
        this.suggestedInMs === undefined ? undefined : hubTime + this.suggestedInMs,
      hubTime,
    }
  }
}

function refused(hubCode: string): HubError {
  return new HubError('refused', `refused: ${hubCode}`, { hubCode })
}
