/**
 * The hub of the model: numbers in, numbers out. What an act does is asked of the production code once
 * for each situation that is the same but for the names of its keys and instances.
 */
import { AuthError } from '../../src/auth/errors.ts'
import { recordRestore } from '../../src/auth/restoring.ts'
import type { JoinTokenKind } from '../../src/trust/join-token.ts'
import { createBotDomain } from './bot-domain.ts'
import { Ground, type HubMutation } from './ground.ts'
import {
  type HubState,
  type Join,
  type Known,
  type Newest,
  newestOf,
  type Renewal,
  type Reply,
  type Request,
} from './hub-state.ts'
import { createNodeDomain } from './node-domain.ts'
import { Renaming } from './renaming.ts'

/** What was issued, for the keys that were asked for. */
export interface Issued {
  readonly lineage: number
  readonly generation: number
}

/** The acts of one kind of joiner, on the store as it has been loaded. */
export interface Domain {
  load(hub: HubState): Promise<void>
  read(before: HubState): Promise<HubState>
  join(request: Join): Promise<Issued>
  /** @param before what was stored when the caller's connection was accepted, if something else */
  renew(request: Renewal, before: Known | undefined): Promise<Issued>
}

/** Where and when a request arrives. */
export interface Arrival {
  readonly hub: HubState
  readonly request: Request
  /** What was stored of its lineage when its connection was accepted. */
  readonly before: Known | undefined
  readonly time: number
  /** The number of the lineage that a first join makes. */
  readonly fresh: number
  readonly epoch: number
}

export interface Handled {
  readonly hub: HubState
  readonly reply: Reply
}

interface Remembered {
  readonly hub: HubState
  readonly issued: Issued | undefined
  readonly code: string
}

export class ModelHub implements AsyncDisposable {
  readonly #ground: Ground
  readonly #domain: Domain
  readonly #memory = new Map<string, Remembered>()
  readonly #restored = new Map<string, HubState>()
  readonly kind: JoinTokenKind

  static async open(kind: JoinTokenKind, mutation: HubMutation = {}): Promise<ModelHub> {
    return new ModelHub(await Ground.open(kind, mutation))
  }

  constructor(ground: Ground) {
    this.kind = ground.kind
    this.#ground = ground
    this.#domain = ground.kind === 'bot' ? createBotDomain(ground) : createNodeDomain(ground)
  }

  get decide(): HubMutation['decide'] {
    return this.#ground.mutation.decide
  }

  /** How many different acts the production code has carried out. */
  get acts(): number {
    return this.#memory.size
  }

  async handle({ hub, request, before, time, fresh, epoch }: Arrival): Promise<Handled> {
    const names = new Renaming()
    const plain = {
      hub: names.hub(hub),
      request: names.request(request, epoch),
      before: before && isMoved(hub, request, before) ? renameKnown(before, names) : undefined,
      time,
    }
    const plainFresh = names.lineage(fresh)
    const question = JSON.stringify(plain)
    const known = this.#memory.get(question)
    const answer = known ?? (await this.#ask(plain, plainFresh))
    if (known === undefined) this.#memory.set(question, answer)
    const { issued, code } = answer
    const { key, ssh } = request
    const reply: Reply = issued
      ? {
          kind: 'issued',
          certificate: {
            ...{ lineage: names.lineageOf(issued.lineage), generation: issued.generation },
            ...{ key, ssh, issuedAt: time, epoch },
          },
        }
      : { kind: 'refused', code }
    return { hub: names.restored(answer.hub), reply }
  }

  async #ask(
    { hub, request, before, time }: Omit<Arrival, 'fresh' | 'epoch'>,
    fresh: number,
  ): Promise<Remembered> {
    const ground = this.#ground
    ground.goTo(ground.timeOf(time))
    await this.#domain.load(hub)
    ground.random.startAt(fresh)
    let issued: Issued | undefined
    let code = ''
    try {
      issued = await (request.kind === 'join'
        ? this.#domain.join(request)
        : this.#domain.renew(request, before))
    } catch (error) {
      if (!(error instanceof AuthError)) throw error
      code = error.code
    }
    return { hub: await this.#domain.read(hub), issued, code }
  }

  /** An administrator locks every lineage. */
  lock(hub: HubState, time: number): HubState {
    return everyLineage(hub, ({ lockedAt = time }) => ({ lockedAt }))
  }

  unlock(hub: HubState): HubState {
    return everyLineage(hub, () => ({ lockedAt: undefined }))
  }

  readmit(hub: HubState): HubState {
    return everyLineage(hub, () => ({ leave: 'open' }))
  }

  /** Another token in the place of those before. A node is removed first, so that it can join anew. */
  replaceToken(hub: HubState, token: number): HubState {
    const ended = hub.tokens.map((each) => ({ ...each, state: 'ended' as const }))
    const renewed: HubState = { ...hub, tokens: [...ended, { token, state: 'active' }] }
    if (this.kind === 'bot') return renewed
    const removed = hub.newest.map(({ lineage }) => lineage)
    return { ...renewed, newest: [], removed: [...hub.removed, ...removed] }
  }

  /** Put back by the hub's own command, which leaves it on record. */
  async restore(backup: HubState, takenAt: number, time: number): Promise<HubState> {
    const names = new Renaming()
    const plain = names.hub(backup)
    const question = JSON.stringify([plain, takenAt, time])
    const known = this.#restored.get(question)
    const restored = known ?? (await this.#putBack(plain, takenAt, time))
    this.#restored.set(question, restored)
    return names.restored(restored)
  }

  async #putBack(backup: HubState, takenAt: number, time: number): Promise<HubState> {
    const ground = this.#ground
    const { clock, random } = ground
    const store = ground.actStore()
    ground.goTo(ground.copyTimeOf(time))
    await this.#domain.load(backup)
    random.startAt(time)
    await recordRestore({ store, clock, random }, ground.copyTimeOf(takenAt))
    return this.#domain.read(backup)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ground[Symbol.asyncDispose]()
  }
}

/** Whether another generation is stored than was. */
function isMoved(hub: HubState, request: Request, before: Known): boolean {
  if (request.kind === 'join') return false
  const now = newestOf(hub, request.by.lineage)
  return before === 'nothing'
    ? now !== undefined
    : now?.generation !== before.generation || now.key !== before.key
}

function renameKnown(before: Known, names: Renaming): Known {
  return before === 'nothing' ? before : names.newest(before)
}

function everyLineage(hub: HubState, change: (newest: Newest) => Partial<Newest>): HubState {
  return { ...hub, newest: hub.newest.map((each) => ({ ...each, ...change(each) })) }
}
