/** A hub for nodes in memory: it issues real certificates, and streams what a test tells it to. */
import { generateKeyPairSync } from 'node:crypto'
import { decideGeneration, type StoredGeneration } from '../../src/auth/generation.ts'
import { sha256 } from '../../src/base/bytes.ts'
import { type Clock, DAY, HOUR, MINUTE, SECOND } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import { type CallOptions, type ClientCredential, HubError } from '../../src/client/identity-hub.ts'
import type {
  IssuedNode,
  LoginGrant,
  NodeHub,
  NodeLock,
  NodeRequest,
  NodeTrust,
  NodeTrustReport,
  NodeUpdate,
  SessionEvent,
} from '../../src/client/node-hub.ts'
import { encodeCertificateLine, type SshCertificate } from '../../src/ssh/certificate.ts'
import { issueCertificate } from '../../src/ssh/issue-certificate.ts'
import { generatePrivateKey } from '../../src/ssh/private-key.ts'
import { parsePublicKey, type SshPublicKey } from '../../src/ssh/public-key.ts'
import { createSshSigner } from '../../src/ssh/signature.ts'
import { encodeJoinToken } from '../../src/trust/join-token.ts'
import { createCertificateAuthority, createX509Signer } from '../../src/x509/authority.ts'
import { issueClientCertificate } from '../../src/x509/issue.ts'
import { readPeerIdentity } from '../../src/x509/peer-identity.ts'
import { spkiOfPrivateKey, spkiPin } from '../../src/x509/public-key.ts'

const CLUSTER = '5f0c8c50-7d3c-4b0b-9f0a-4b7a0c7f6d12'
const userCa = createSshSigner(generatePrivateKey('ssh-ed25519'))
const hostCa = createSshSigner(generatePrivateKey('ssh-ed25519'))
const tlsKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const tlsCa = createCertificateAuthority({
  clusterName: 'test',
  privateKey: tlsKey,
  serial: systemRandom.bytes(16),
  validity: { notBeforeMs: Date.UTC(2020, 0, 1), notAfterMs: Date.UTC(2049, 0, 1) },
})
const tlsSigner = createX509Signer(tlsCa.der, tlsKey)

export const NOTHING_NEW: NodeUpdate = {
  full: false,
  groups: [],
  removedGroups: [],
  memberships: [],
  revoked: [],
  forgotten: [],
  locks: undefined,
  endSessions: [],
  trust: undefined,
  wishes: undefined,
}

/** What a role without options grants. */
export function plainGrant(login: string, options: Partial<LoginGrant> = {}): LoginGrant {
  const closed = { portForwarding: false, sourceCidrs: [], forceCommand: undefined }
  return { login, fileCopy: true, pty: true, ...closed, ...options }
}

interface StoredNode extends StoredGeneration {
  readonly tokenText: string
  readonly name: string
}

export class FakeNodeHub implements NodeHub {
  readonly #clock: Pick<Clock, 'now'>
  readonly #nodes = new Map<string, StoredNode>()
  readonly #spent = new Set<string>()
  readonly #watchers = new Set<Watcher>()
  readonly events: SessionEvent[] = []
  readonly requests: NodeRequest[] = []
  readonly reports: NodeTrustReport[] = []
  /** What a new watcher gets first. */
  grants: readonly LoginGrant[] = []
  principals: readonly string[] = ['bot:ci']
  revoked: readonly bigint[] = []
  locks: readonly NodeLock[] = []
  isUnreachable = false
  refuse: string | undefined
  /** Answers to the join or renewal of this number that get lost. */
  loseAnswer: (call: number) => boolean = () => false
  hostCertificateTtlMs = 7 * DAY
  calls = 0
  /** Refusals for a second use of a credential. */
  locked = 0
  hasLeft = false

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  async reportTrust(_credential: ClientCredential, report: NodeTrustReport): Promise<void> {
    this.reports.push(report)
  }

  get trust(): NodeTrust {
    return {
      clusterId: CLUSTER,
      tlsCas: [tlsCa.der],
      userCas: [userCa.publicKey.blob],
      hostCas: [hostCa.publicKey.blob],
    }
  }

  get hostCa(): SshPublicKey {
    return hostCa.publicKey
  }

  get watchers(): number {
    return this.#watchers.size
  }

  /** The newest generation of the node that joined last. */
  get generation(): bigint | undefined {
    return [...this.#nodes.values()].at(-1)?.generation
  }

  newToken(kind: 'node' | 'bot' = 'node'): string {
    return encodeJoinToken({ kind, secret: systemRandom.bytes(16), pin: spkiPin(tlsCa.der) })
  }

  /** What a bot would get. Its line is for a `-cert.pub` file. */
  issueUser(
    publicKey: SshPublicKey,
    options: Partial<Pick<SshCertificate, 'serial' | 'validPrincipals' | 'keyId'>> = {},
  ): { readonly line: string; readonly serial: bigint } {
    const now = this.#clock.now()
    const extensions = ['permit-pty', 'permit-port-forwarding', 'permit-agent-forwarding']
    const certificate = issueCertificate(
      {
        publicKey,
        type: 'user',
        serial: systemRandom.bytes(8).readBigUInt64BE() | 1n,
        keyId: `bot/ci/instance/${CLUSTER}/generation/7`,
        validPrincipals: ['bot:ci'],
        validAfter: BigInt(Math.floor((now - MINUTE) / SECOND)),
        validBefore: BigInt(Math.floor((now + HOUR) / SECOND)),
        criticalOptions: [],
        extensions: extensions.map((name) => ({ name, value: '' })),
        ...options,
      },
      userCa,
      systemRandom.bytes(32),
    )
    return { line: `${encodeCertificateLine(certificate)}\n`, serial: certificate.serial }
  }

  async joinNode(token: string, request: NodeRequest): Promise<IssuedNode> {
    this.#begin(request)
    const print = prints(request)
    const before = [...this.#nodes].find(
      ([, node]) =>
        node.tokenText === token &&
        node.generation === 1n &&
        print.keyFingerprint.equals(node.keyFingerprint) &&
        print.sshKeyFingerprint.equals(node.sshKeyFingerprint),
    )
    if (!before && this.#spent.has(token)) throw refused('token-used')
    const id = before?.[0] ?? systemRandom.uuid()
    this.#spent.add(token)
    const { name } = request.node
    const rest = { tokenText: token, name, generation: 1n, previousKeyFingerprint: undefined }
    this.#nodes.set(id, { ...rest, ...print })
    return this.#answer(this.#issue(id, 1n, request))
  }

  async renewNode(credential: ClientCredential, request: NodeRequest): Promise<IssuedNode> {
    this.#begin(request)
    const { identity, spkiFingerprint } = readPeerIdentity(credential.certificate)
    if (identity.kind !== 'node') throw refused('unauthenticated')
    const stored = this.#nodes.get(identity.instanceId)
    if (!stored) throw refused('instance-unknown')
    const { keyFingerprint, sshKeyFingerprint } = prints(request)
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
      const next = { keyFingerprint, previousKeyFingerprint: spkiFingerprint, sshKeyFingerprint }
      this.#nodes.set(identity.instanceId, { ...stored, generation, ...next })
    }
    return this.#answer(this.#issue(identity.instanceId, generation, request))
  }

  async *watchNode(_: ClientCredential, { signal }: CallOptions): AsyncIterable<NodeUpdate> {
    this.#check()
    const watcher = new Watcher()
    const end = () => watcher.end(new HubError('unreachable', 'aborted'))
    signal?.addEventListener('abort', end)
    this.#watchers.add(watcher)
    try {
      yield this.snapshot()
      yield* watcher.updates()
    } finally {
      this.#watchers.delete(watcher)
      signal?.removeEventListener('abort', end)
    }
  }

  async reportSessions(_: ClientCredential, events: readonly SessionEvent[]): Promise<void> {
    this.#check()
    this.events.push(...events)
  }

  async leaveNode(): Promise<void> {
    this.#check()
    this.hasLeft = true
  }

  snapshot(): NodeUpdate {
    const { grants, principals, revoked, locks, trust } = this
    const groups = [{ id: 'g1', grants, principals }]
    return { ...NOTHING_NEW, full: true, groups, revoked, locks, trust }
  }

  /** Streams a step to all who watch. */
  send(step: Partial<NodeUpdate>): void {
    for (const watcher of this.#watchers) watcher.push({ ...NOTHING_NEW, ...step })
  }

  /** All streams break. */
  breakStreams(): void {
    for (const watcher of this.#watchers) watcher.end(new HubError('unreachable', 'gone'))
  }

  #begin(request: NodeRequest): void {
    this.calls += 1
    this.requests.push(request)
    this.#check()
  }

  #check(): void {
    if (this.isUnreachable) throw new HubError('unreachable', 'no answer')
    if (this.refuse !== undefined) throw refused(this.refuse)
  }

  #answer(issued: IssuedNode): IssuedNode {
    if (this.loseAnswer(this.calls)) throw new HubError('unreachable', 'the answer got lost')
    return issued
  }

  #issue(instanceId: string, generation: bigint, request: NodeRequest): IssuedNode {
    const hubTime = this.#clock.now()
    const { name, hosts } = request.node
    const certificate = issueCertificate(
      {
        publicKey: parsePublicKey(request.hostPublicKey),
        type: 'host',
        serial: systemRandom.bytes(8).readBigUInt64BE() | 1n,
        keyId: `node/${name}/instance/${instanceId}/generation/${generation}`,
        validPrincipals: [...new Set([name, ...hosts])],
        validAfter: BigInt(Math.floor((hubTime - MINUTE) / SECOND)),
        validBefore: BigInt(Math.floor((hubTime + this.hostCertificateTtlMs) / SECOND)),
        criticalOptions: [],
        extensions: [],
      },
      hostCa,
      systemRandom.bytes(32),
    )
    const identity = issueClientCertificate(
      {
        spki: spkiOfPrivateKey(request.identityKey),
        serial: systemRandom.bytes(16),
        validity: { notBeforeMs: hubTime - MINUTE, notAfterMs: hubTime + DAY },
        identity: { kind: 'node', clusterId: CLUSTER, name, instanceId, generation },
      },
      tlsSigner,
    )
    const identityCertificate = identity.der
    const hostCertificate = certificate.blob
    const { trust } = this
    return { name, instanceId, generation, identityCertificate, hostCertificate, trust, hubTime }
  }
}

class Watcher {
  readonly #queue: NodeUpdate[] = []
  #error: HubError | undefined
  #wake: () => void = () => undefined

  push(update: NodeUpdate): void {
    this.#queue.push(update)
    this.#wake()
  }

  end(error: HubError): void {
    this.#error = error
    this.#wake()
  }

  async *updates(): AsyncIterable<NodeUpdate> {
    for (;;) {
      const update = this.#queue.shift()
      if (update !== undefined) yield update
      else if (this.#error !== undefined) throw this.#error
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
  }
}

function prints({ identityKey, hostPublicKey }: NodeRequest) {
  const keyFingerprint = sha256(spkiOfPrivateKey(identityKey))
  return { keyFingerprint, sshKeyFingerprint: sha256(hostPublicKey) }
}

function refused(hubCode: string): HubError {
  return new HubError('refused', `refused: ${hubCode}`, { hubCode })
}
