/**
 * The daemon of the model: the exchange of src/identity, suspended at each of its effects. An effect
 * ends well or badly as the explorer chooses, and what comes next is asked of the production code: it
 * is run again from the start of the operation, with the same outcomes up to here.
 */
import {
  type Attempt,
  discontinuity,
  dropAnswered,
  type Exchange,
  type ExchangeState,
  type JoinAttempt,
  joinWith,
  type Lineage,
  type RenewalAttempt,
  renewFrom,
} from '../../src/identity/exchange.ts'
import { tokenToJoinAnew } from '../../src/identity/refusals.ts'
import type { Keys } from './hub-state.ts'

export type PendingJoin = JoinAttempt & Keys
export type PendingRenewal = RenewalAttempt & Keys

export interface Identity extends Keys, Lineage {
  readonly issuedAt: number
  readonly epoch: number
}

/** What is in the state directory. */
export interface Disk {
  readonly identity: Identity | undefined
  readonly join: PendingJoin | undefined
  readonly renewal: PendingRenewal | undefined
}

export const EMPTY_DISK: Disk = { identity: undefined, join: undefined, renewal: undefined }

/** Something that the process does to the world. */
export type Effect =
  | { readonly kind: 'write'; readonly disk: Partial<Disk> }
  | { readonly kind: 'settle' }
  | { readonly kind: 'ask'; readonly keys: Keys; readonly previous: Identity | undefined }
  | { readonly kind: 'publish'; readonly identity: Identity }

/** What became of it. */
export type Outcome =
  | { readonly done: true; readonly identity?: Identity }
  | { readonly done: false; readonly error: unknown }

/** The parts of the production code that a mutant replaces. */
export interface DaemonCode {
  readonly joinWith: typeof joinWith
  readonly renewFrom: typeof renewFrom
  readonly dropAnswered: typeof dropAnswered
  readonly tokenToJoinAnew: typeof tokenToJoinAnew
}

export const PRODUCTION: DaemonCode = { joinWith, renewFrom, dropAnswered, tokenToJoinAnew }

/** An operation of the daemon's, and how far it has come. */
export interface Operation {
  readonly kind: 'join' | 'renew' | 'publish' | 'drop'
  /** The identity in memory when it began. */
  readonly identity: Identity | undefined
  readonly token: number | undefined
  /** The state directory when it began. */
  readonly disk: Disk
  /** Keys that are drawn have these numbers and the next. */
  readonly freshKey: number
  readonly freshSsh: number
  readonly replaceSsh: boolean
  readonly outcomes: readonly Outcome[]
}

export type Progress =
  | { readonly at: 'effect'; readonly effect: Effect }
  | { readonly at: 'end'; readonly identity: Identity | undefined }
  | { readonly at: 'failure'; readonly error: unknown }

const hasSameKey = (a: Keys, b: Keys) => a.key === b.key

/** Runs the production code up to the first effect of which nothing is known yet. */
export function progressOf(code: DaemonCode, operation: Operation): Promise<Progress> {
  const { promise, resolve } = Promise.withResolvers<Progress>()
  const run = new Run(operation, (effect) => resolve({ at: 'effect', effect }))
  run.start(code).then(
    (identity) => resolve({ at: 'end', identity }),
    (error: unknown) => resolve({ at: 'failure', error }),
  )
  return promise
}

class Run implements Exchange<Keys, Identity>, ExchangeState<Keys, Identity> {
  readonly #operation: Operation
  readonly #suspend: (effect: Effect) => void
  #disk: Disk
  #step = 0
  #freshKey: number
  #freshSsh: number

  constructor(operation: Operation, suspend: (effect: Effect) => void) {
    this.#operation = operation
    this.#suspend = suspend
    this.#disk = operation.disk
    this.#freshKey = operation.freshKey
    this.#freshSsh = operation.freshSsh
  }

  async start(code: DaemonCode): Promise<Identity | undefined> {
    const { kind, identity, token } = this.#operation
    if (kind === 'join') return code.joinWith(this, tokenId(token ?? -1))
    if (identity === undefined) throw new Error(`nothing to ${kind}`)
    if (kind === 'renew') return code.renewFrom(this, identity)
    if (kind === 'publish') await this.#perform({ kind: 'publish', identity })
    else await code.dropAnswered(this, identity, hasSameKey)
    return identity
  }

  readonly state = this

  readonly draw = (previous: Identity | undefined): Keys => ({
    key: this.#freshKey++,
    ssh: previous && !this.#operation.replaceSsh ? previous.ssh : this.#freshSsh++,
  })

  readonly ask = async (asked: Keys, previous: Identity | undefined): Promise<Identity> => {
    const keys = { key: asked.key, ssh: asked.ssh }
    const identity = await this.#perform({ kind: 'ask', keys, previous })
    if (identity === undefined) throw new Error('no answer')
    const wrong = discontinuity(identity, previous)
    if (wrong !== undefined) throw new Error(wrong)
    return identity
  }

  async settle(): Promise<void> {
    await this.#perform({ kind: 'settle' })
  }

  readPendingJoin = async () => this.#disk.join
  readPendingRenewal = async () => this.#disk.renewal

  async writePending(pending: Attempt & Keys): Promise<void> {
    await this.#write(pending.purpose === 'join' ? { join: pending } : { renewal: pending })
  }

  writeIdentity(identity: Identity): Promise<void> {
    return this.#write({ identity })
  }

  dropPending(purpose: Attempt['purpose']): Promise<void> {
    return this.#write(purpose === 'join' ? { join: undefined } : { renewal: undefined })
  }

  async #write(disk: Partial<Disk>): Promise<void> {
    await this.#perform({ kind: 'write', disk })
    this.#disk = { ...this.#disk, ...disk }
  }

  #perform(effect: Effect): Promise<Identity | undefined> {
    const outcome = this.#operation.outcomes[this.#step++]
    if (outcome === undefined) {
      this.#suspend(effect)
      return new Promise(() => {})
    }
    return outcome.done ? Promise.resolve(outcome.identity) : Promise.reject(outcome.error)
  }
}

export function tokenId(token: number): string {
  return `token-${token}`
}

export function lineageId(lineage: number): string {
  return `lineage-${lineage}`
}

export function lineageOf(identity: Pick<Lineage, 'instanceId'>): number {
  return Number(identity.instanceId.slice('lineage-'.length))
}
