/**
 * The model takes each act of the hub for one step. Here two acts run at the same time, the one stopped
 * before any of its reads or writes until the other is over: what comes out is what comes out of the one
 * after the other. An act reads and then commits once, so no other order can make a difference.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { AuthError } from '../../src/auth/errors.ts'
import type { Act, Change } from '../../src/auth/storage.ts'
import type { MemoryStore } from '../fakes/memory-store.ts'
import { createBotDomain } from './bot-domain.ts'
import { Ground, type HubMutation } from './ground.ts'
import type { Domain } from './hub.ts'
import { type Certificate, FIRST_STATE, type HubState, type Request } from './hub-state.ts'
import { createNodeDomain } from './node-domain.ts'
import { Renaming } from './renaming.ts'

const FIRST: Certificate = {
  ...{ lineage: 0, generation: 1, key: 0, ssh: 0, issuedAt: 0, epoch: 0 },
}

const JOINED: HubState = {
  ...FIRST_STATE,
  tokens: [{ token: 0, state: 'used' }],
  redemptions: [{ token: 0, key: 0, lineage: 0 }],
  newest: [
    {
      ...{ lineage: 0, generation: 1, key: 0, previous: undefined, ssh: 0, joinedAt: 0 },
      ...{ lockedAt: undefined, leave: 'none' },
    },
  ],
}

const READMITTED: HubState = {
  ...JOINED,
  newest: JOINED.newest.map((each) => ({ ...each, leave: 'open' })),
}

const join = (key: number, ssh: number): Request => ({
  ...{ kind: 'join', token: 0, key, ssh, proves: true },
})
const renewal = (key: number, ssh: number, by = FIRST): Request => ({
  ...{ kind: 'renew', by, key, ssh, proves: true },
})
const EXPIRED = { ...FIRST, epoch: -1 }

const PAIRS: readonly (readonly [what: string, hub: HubState, a: Request, b: Request])[] = [
  ['two joins with one token', FIRST_STATE, join(1, 1), join(2, 2)],
  ['a join and the same again', FIRST_STATE, join(1, 1), join(1, 1)],
  ['a join again, and a renewal', JOINED, join(0, 0), renewal(1, 0)],
  ['two uses of one generation', JOINED, renewal(1, 0), renewal(2, 0)],
  ['a renewal and the same again', JOINED, renewal(1, 0), renewal(1, 0)],
  ['two uses of one leave', READMITTED, renewal(1, 0, EXPIRED), renewal(2, 0, EXPIRED)],
  ['a leave and the same again', READMITTED, renewal(1, 0, EXPIRED), renewal(1, 0, EXPIRED)],
]

/** A store whose uses are counted, and stop before the one with this number until they may go on. */
class Gate {
  readonly #stopAt: number
  readonly #stopped = Promise.withResolvers<void>()
  readonly #open = Promise.withResolvers<void>()
  uses = 0

  constructor(stopAt = Number.POSITIVE_INFINITY) {
    this.#stopAt = stopAt
  }

  get stopped(): Promise<void> {
    return this.#stopped.promise
  }

  open(): void {
    this.#open.resolve()
  }

  async #pass(): Promise<void> {
    if (this.uses++ !== this.#stopAt) return
    this.#stopped.resolve()
    await this.#open.promise
  }

  store(store: MemoryStore): MemoryStore {
    const readers = [
      'roles',
      'bots',
      'tokens',
      'instances',
      'locks',
      'nodes',
      'readmissions',
    ] as const
    return {
      ...store,
      ...Object.fromEntries(readers.map((name) => [name, this.#reader(store[name])])),
      commit: async (act: Act) => {
        await this.#pass()
        await store.commit(act)
      },
    }
  }

  #reader<Reader extends object>(reader: Reader): Reader {
    return new Proxy(reader, {
      get: (target, name) => {
        const read: unknown = Reflect.get(target, name)
        if (typeof read !== 'function') return read
        return async (...args: unknown[]) => {
          await this.#pass()
          return Reflect.apply(read, target, args)
        }
      },
    })
  }
}

for (const kind of ['bot', 'node'] as const) {
  describe(`two acts of ${kind}s at the same time`, () => {
    let acts: TwoActs
    before(async () => {
      acts = new TwoActs(await Ground.open(kind))
    })
    after(() => acts.close())

    for (const [what, hub, a, b] of PAIRS) {
      it(`are as if one after the other: ${what}`, async () => {
        const serial = [await acts.inOrder(hub, a, b), swapped(await acts.inOrder(hub, b, a))]
        const expected = serial.map((it) => JSON.stringify(it))
        let orders = 0
        for (let stopAt = 0; ; stopAt++) {
          const first = await acts.overlap(hub, a, b, stopAt)
          const second = await acts.overlap(hub, b, a, stopAt)
          if (first === undefined && second === undefined) break
          for (const result of [first, second && swapped(second)]) {
            if (result === undefined) continue
            orders++
            assert.ok(expected.includes(JSON.stringify(result)), `stopped before use ${stopAt}`)
          }
        }
        assert.ok(orders >= 6, `only ${orders} orders`)
      })
    }
  })
}

it('two acts on a store that compares nothing come out otherwise', async () => {
  const acts = new TwoActs(await Ground.open('bot'), comparingNothing)
  const [a, b] = [renewal(1, 0), renewal(2, 0)]
  const serial = [await acts.inOrder(JOINED, a, b), swapped(await acts.inOrder(JOINED, b, a))]
  const expected = serial.map((it) => JSON.stringify(it))
  const others: string[] = []
  for (let stopAt = 0; ; stopAt++) {
    const result = await acts.overlap(JOINED, a, b, stopAt)
    if (result === undefined) break
    if (!expected.includes(JSON.stringify(result))) others.push(JSON.stringify(result))
  }
  await acts.close()
  assert.notEqual(others.length, 0)
})

function comparingNothing(store: MemoryStore): MemoryStore {
  const blind = async (change: Change): Promise<readonly Change[]> => {
    if (change.kind === 'expect-bot') return []
    if (change.kind !== 'replace-instance') return [change]
    const expected = await store.instances.get(change.instance.id)
    return [{ ...change, expected: expected ?? change.expected }]
  }
  return {
    ...store,
    async commit({ changes, events }) {
      await store.commit({ changes: (await Promise.all(changes.map(blind))).flat(), events })
    },
  }
}

/** What is stored in the end, and what the two were told. */
interface Result {
  readonly hub: HubState
  readonly replies: readonly [string, string]
}

function swapped({ hub, replies: [one, other] }: Result): Result {
  return { hub, replies: [other, one] }
}

class TwoActs {
  readonly #ground: Ground
  readonly #domain: Domain
  readonly #change: NonNullable<HubMutation['store']>

  /** @param change to the store */
  constructor(ground: Ground, change: HubMutation['store'] = (it) => it) {
    this.#ground = ground
    this.#domain = domainOf(ground)
    this.#change = change
  }

  close(): Promise<void> {
    return this.#ground[Symbol.asyncDispose]()
  }

  async inOrder(hub: HubState, one: Request, other: Request): Promise<Result> {
    await this.#load(hub)
    const replies = [await this.#act(one), await this.#act(other)] as const
    return { hub: await this.#read(hub), replies }
  }

  /** The other runs while the one is stopped; undefined where the one was over before. */
  async overlap(
    hub: HubState,
    one: Request,
    other: Request,
    stopAt: number,
  ): Promise<Result | undefined> {
    await this.#load(hub)
    const gate = new Gate(stopAt)
    const reply = this.#act(one, (store) => gate.store(this.#change(store)))
    const isStopped = await Promise.race([gate.stopped.then(() => true), reply.then(() => false)])
    if (!isStopped) return undefined
    const otherReply = await this.#act(other)
    gate.open()
    const replies = [await reply, otherReply] as const
    return { hub: await this.#read(hub), replies }
  }

  async #load(hub: HubState): Promise<void> {
    await this.#domain.load(hub)
    this.#ground.random.startAt(1)
  }

  /** Which number a new instance has is of no account. */
  async #read(hub: HubState): Promise<HubState> {
    return new Renaming().hub(await this.#domain.read(hub))
  }

  async #act(request: Request, change = this.#change): Promise<string> {
    const domain = domainOf(this.#ground, change)
    try {
      const { generation } = await (request.kind === 'join'
        ? domain.join(request)
        : domain.renew(request, undefined))
      return `generation ${generation}`
    } catch (error) {
      // By which of the reasons that there are: a token that is used up, or a name that is taken.
      if (error instanceof AuthError) return 'refused'
      throw error
    }
  }
}

function domainOf(ground: Ground, change?: HubMutation['store']): Domain {
  return ground.kind === 'bot' ? createBotDomain(ground, change) : createNodeDomain(ground, change)
}
