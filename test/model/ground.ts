/**
 * The production code of the hub on a store in memory: loaded with a state of the model, asked for one
 * act, and read back.
 */
import { createAuth } from '../../src/auth/auth.ts'
import { openAuthorities } from '../../src/auth/authorities.ts'
import type { BoardContext, LineageContext } from '../../src/auth/context.ts'
import type { decideGeneration, StoredGeneration } from '../../src/auth/generation.ts'
import { RecentGenerations } from '../../src/auth/recent-generations.ts'
import type { ReadmissionTarget, TokenRecord } from '../../src/auth/records.ts'
import { createKeySealer } from '../../src/auth/sealed-key.ts'
import type { Change } from '../../src/auth/storage.ts'
import { DAY, MINUTE } from '../../src/base/clock.ts'
import { type Random, systemRandom } from '../../src/base/random.ts'
import {
  encodeJoinToken,
  hashJoinTokenSecret,
  type JoinTokenKind,
} from '../../src/trust/join-token.ts'
import { DEPLOYER, LOCAL } from '../fakes/auth.ts'
import { FakeClock } from '../fakes/clock.ts'
import { type MemoryStore, openMemoryStore } from '../fakes/memory-store.ts'
import type { Certificate, HubState, Known, Newest, Redemption, Token } from './hub-state.ts'
import { KeyPool } from './key-pool.ts'

/** What of the production code a mutant replaces. */
export interface HubMutation {
  readonly decide?: typeof decideGeneration
  /** A store that does something else. */
  readonly store?: (store: MemoryStore) => MemoryStore
  /** Every caller passes for the holder of every key. */
  readonly provesAll?: boolean
}

export const BOT = 'ci'

/** The real time between two moments of the model, and between one of them and a copy of the store. */
const MOMENT = 10 * MINUTE
const COPY = 5 * MINUTE

const TABLES = [
  ...['readmissions', 'locks', 'instances', 'nodes', 'redemptions', 'tokens', 'certificates'],
  ...['restores', 'audit_events', 'audit_blocks'],
]

export class Ground implements AsyncDisposable {
  readonly kind: JoinTokenKind
  readonly mutation: HubMutation
  readonly store: MemoryStore
  readonly clock: FakeClock
  readonly random: CountingRandom
  readonly keys: KeyPool
  readonly #auth: Awaited<ReturnType<typeof createAuth>>
  readonly #start: number

  private constructor(kind: JoinTokenKind, mutation: HubMutation, parts: Parts) {
    this.kind = kind
    this.mutation = mutation
    this.store = parts.store
    this.clock = parts.clock
    this.random = parts.random
    this.#auth = parts.auth
    this.#start = parts.clock.now()
    this.keys = new KeyPool(mutation.provesAll ?? false)
  }

  static async open(kind: JoinTokenKind, mutation: HubMutation = {}): Promise<Ground> {
    const store = openMemoryStore(systemRandom.uuid())
    const clock = new FakeClock()
    const random = new CountingRandom()
    const authorities = await openAuthorities({
      ...{ store, clock, random, sshKeyType: 'ssh-ed25519' },
      sealer: createKeySealer(undefined, systemRandom),
    })
    const publicAddress = () => 'hub.example:3025'
    const auth = await createAuth({ store, clock, random, authorities, publicAddress })
    await auth.roles.create(LOCAL, DEPLOYER)
    await auth.bots.create(LOCAL, { name: BOT, roles: ['ci-deployer'], token: {} })
    return new Ground(kind, mutation, { store, clock, random, auth })
  }

  /** The store as the acts see it. */
  actStore(change = this.mutation.store): MemoryStore {
    return change?.(this.store) ?? this.store
  }

  /** What acts on this store work with. */
  context(store: MemoryStore): BoardContext {
    return { ...this.#auth.context, store, board: this.#auth.board }
  }

  /** The same for one act of a bot or a node. */
  async lineageContext(store: MemoryStore): Promise<LineageContext> {
    const { clock } = this
    return {
      ...this.context(store),
      refusals: this.#auth.refusals,
      renewalTimes: this.#auth.renewalTimes,
      recent: new RecentGenerations(clock),
      restores: await store.restores.list(),
    }
  }

  timeOf(moment: number): number {
    return this.#start + moment * MOMENT
  }

  /** When the store was copied, or put back, at this moment. */
  copyTimeOf(moment: number): number {
    return this.timeOf(moment) + COPY
  }

  /** The clock stands at this moment. */
  goTo(time: number): void {
    this.clock.step(time - this.clock.now())
  }

  tokenText(token: number): string {
    const { pin } = this.#auth.context.authorities
    return encodeJoinToken({ kind: this.kind, secret: secretOf(token), pin })
  }

  /** What a caller of the network is known to be, apart from its name. */
  bearer(by: Certificate, connectedAt: number) {
    return {
      instanceId: uuidOf(by.lineage),
      generation: BigInt(by.generation),
      keyFingerprint: this.keys.identity(by.key).fingerprint,
      address: '',
      issuedAt: this.timeOf(by.issuedAt),
      expiresAt: this.clock.now() + (by.epoch < 0 ? 0 : DAY),
      connectedAt,
    }
  }

  /** Where this was stored when the connection was accepted that the caller calls on. */
  async remember(
    { recent }: LineageContext,
    lineage: number,
    before: Known | undefined,
  ): Promise<number> {
    const connectedAt = this.clock.monotonic()
    if (before === undefined) return connectedAt
    this.clock.advance(1)
    const stored = before === 'nothing' ? NOTHING : this.keys.stored(before)
    await recent.replacing(uuidOf(lineage), stored, async () => {})
    return connectedAt
  }

  /** Everything but instances and nodes, and what is about them. */
  async load({ tokens, redemptions, removed, restores }: HubState): Promise<void> {
    for (const table of TABLES) this.store.database.run(`DELETE FROM ${table}`)
    for (const { takenAt, restoredAt } of restores) {
      const times = { takenAt: this.copyTimeOf(takenAt), restoredAt: this.copyTimeOf(restoredAt) }
      const restore = { id: uuidOf(restoredAt), ...times }
      await this.#commit({ kind: 'record-restore', restore })
    }
    for (const token of tokens) {
      const own = redemptions.filter((each) => each.token === token.token)
      await this.#commit(...this.#tokenChanges(token, own))
      if (token.state !== 'ended') continue
      const ended = { id: idOf(token.token) }
      this.store.database.run(`UPDATE tokens SET invalidated = 'rotated' WHERE id = :id`, ended)
    }
    for (const lineage of removed) await this.#recordRemoval(lineage)
  }

  #commit(...changes: readonly Change[]): Promise<void> {
    return this.store.commit({ changes, events: [] })
  }

  *#tokenChanges({ token, state }: Token, redemptions: readonly Redemption[]): Generator<Change> {
    const uses = redemptions.length + (state === 'active' ? 1 : 0)
    const record: TokenRecord = {
      ...{ id: idOf(token), secretHash: hashOf(token), kind: this.kind },
      ...{ bot: this.kind === 'bot' ? BOT : undefined, uses, usesLeft: uses },
      ...{ invalidated: undefined, createdAt: this.#start, createdBy: 'local' },
      expiresAt: this.#start + 365 * DAY,
    }
    yield { kind: 'insert-token', token: record }
    for (const { key, lineage } of redemptions) {
      const keyFingerprint = this.keys.identity(key).fingerprint
      const redemption = { tokenId: idOf(token), keyFingerprint, instanceId: uuidOf(lineage) }
      yield { kind: 'redeem-token', redemption }
    }
  }

  #recordRemoval(lineage: number): Promise<void> {
    const about = { instanceId: uuidOf(lineage), fields: { node: 'web-1' } }
    const who = { actor: 'local', address: '' }
    const event = { time: this.#start, type: 'node.remove', outcome: 'success' } as const
    return this.store.commit({ changes: [], events: [{ ...event, ...who, ...about }] })
  }

  /** What `load` loads. */
  async read(before: HubState): Promise<Omit<HubState, 'newest'>> {
    const tokens: Token[] = []
    const redemptions: Redemption[] = []
    for (const { token } of before.tokens) {
      const record = await this.store.tokens.find(hashOf(token))
      if (record === undefined) throw new Error('a token is gone')
      const left = record.usesLeft === 0 ? 'used' : 'active'
      tokens.push({ token, state: record.invalidated === undefined ? left : 'ended' })
      for (const [key, { fingerprint }] of this.keys.identities.entries()) {
        const found = await this.store.tokens.redemption(idOf(token), fingerprint)
        if (found) redemptions.push({ token, key, lineage: symbolOf(found.instanceId) })
      }
    }
    const restores = (await this.store.restores.list()).map(({ takenAt, restoredAt }) => ({
      takenAt: this.momentOf(takenAt),
      restoredAt: this.momentOf(restoredAt),
    }))
    return { tokens, redemptions, removed: before.removed, restores }
  }

  /** The moment at or before this time. */
  momentOf(time: number): number {
    return Math.floor((time - this.#start) / MOMENT)
  }

  async loadLock(target: Lockable, { lockedAt }: Newest): Promise<void> {
    if (lockedAt === undefined) return
    const about = { message: '', createdAt: this.timeOf(lockedAt), createdBy: 'local' }
    const lock = { id: this.random.uuid(), target, ...about, expiresAt: undefined }
    await this.#commit({ kind: 'insert-lock', lock })
  }

  async loadLeave(target: ReadmissionTarget, { leave }: Newest): Promise<void> {
    if (leave === 'none') return
    const now = this.clock.now()
    const about = { id: target.instanceId, target, createdAt: now, createdBy: 'local' }
    const times = { expiresAt: now + DAY, usedAt: leave === 'used' ? now : undefined }
    await this.#commit({ kind: 'put-readmission', readmission: { ...about, ...times } })
  }

  async readLeave(instanceId: string): Promise<Newest['leave']> {
    const readmission = await this.store.readmissions.get(instanceId)
    if (readmission === undefined) return 'none'
    return readmission.usedAt === undefined ? 'open' : 'used'
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close()
  }
}

const NOTHING: StoredGeneration = {
  generation: 0n,
  keyFingerprint: Buffer.of(),
  previousKeyFingerprint: undefined,
  sshKeyFingerprint: Buffer.of(),
}

type Lockable =
  | { readonly kind: 'instance'; readonly bot: string; readonly instanceId: string }
  | { readonly kind: 'node'; readonly node: string }

interface Parts {
  readonly store: MemoryStore
  readonly clock: FakeClock
  readonly random: CountingRandom
  readonly auth: Awaited<ReturnType<typeof createAuth>>
}

function secretOf(token: number): Buffer {
  return Buffer.alloc(16, token + 1)
}

function hashOf(token: number): Buffer {
  return hashJoinTokenSecret(secretOf(token))
}

function idOf(token: number): string {
  return hashOf(token).toString('hex', 0, 8)
}

/** The identifier of a lineage, or of what else has one. */
export function uuidOf(symbol: number): string {
  return `00000000-0000-4000-8000-${symbol.toString(16).padStart(12, '0')}`
}

export function symbolOf(uuid: string): number {
  return Number.parseInt(uuid.slice(-12), 16)
}

/** Randomness whose next identifiers are known. */
class CountingRandom implements Random {
  #next = 1_000

  startAt(symbol: number): void {
    this.#next = symbol
  }

  bytes(length: number): Buffer {
    return systemRandom.bytes(length)
  }

  fraction(): number {
    return systemRandom.fraction()
  }

  uuid(): string {
    return uuidOf(this.#next++)
  }
}
