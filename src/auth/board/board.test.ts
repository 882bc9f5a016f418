import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { LOGINS, type Step, steps, toChange } from '../../../test/fakes/access-steps.ts'
import { openTestAuth, type TestAuth } from '../../../test/fakes/auth.ts'
import { evaluateNaively, type NaiveAccess } from '../../../test/fakes/naive-access.ts'
import { ToldNode } from '../../../test/fakes/told-node.ts'
import { MINUTE } from '../../base/clock.ts'
import { trustBundle } from '../issuing.ts'
import type { AccessBoard, AccessListRequest } from './board.ts'
import { openAccessBoard } from './board.ts'
import type { BotUpdate } from './bot-watches.ts'
import type { ReachableNode } from './evaluate-access.ts'

/** A bot that remembers what it was told. */
class ToldBot {
  nodes: readonly ReachableNode[] = []
  updates = 0
  isGone = false

  update({ nodes }: BotUpdate): void {
    if (this.updates++ > 0) assert.notDeepEqual(nodes, this.nodes, 'told of changes only')
    this.nodes = nodes
  }

  gone(): void {
    this.isGone = true
  }
}

/** A board on a store, and everybody who watches it. */
class Scene {
  readonly auth: TestAuth
  readonly board: AccessBoard
  readonly nodes = new Map<string, ToldNode>()
  readonly bots = new Map<string, ToldBot>()

  constructor(auth: TestAuth, board: AccessBoard) {
    this.auth = auth
    this.board = board
  }

  static async open(auth: TestAuth): Promise<Scene> {
    return new Scene(auth, await openBoard(auth))
  }

  /** Commits the steps in one turn, as far as they can be, and has them told. */
  async take(turn: readonly Step[]): Promise<void> {
    const { context, clock } = this.auth
    for (const step of turn) {
      const change = await toChange(context.store, clock.now(), step)
      if (change) await context.store.commit({ changes: [change], events: [] })
    }
    this.board.flush()
  }

  /** Everybody there is watches, as who went and came back does. */
  watchAll({ bots, nodes }: NaiveAccess): void {
    for (const { name } of nodes) {
      if (this.nodes.get(name)?.isGone === false) continue
      const node = new ToldNode()
      this.nodes.set(name, node)
      this.board.watchNode(name, node)
    }
    for (const { name } of bots) {
      if (this.bots.get(name)?.isGone === false) continue
      const bot = new ToldBot()
      this.bots.set(name, bot)
      this.board.watchBot(name, bot)
    }
  }

  async check(): Promise<void> {
    const { context, clock } = this.auth
    const naive = await evaluateNaively(context.store, clock.now(), LOGINS)
    this.watchAll(naive)
    for (const { name } of naive.nodes) {
      const node = this.nodes.get(name)
      assert.ok(node)
      assert.deepEqual(node.lines(), naive.lines(name))
      assert.deepEqual([...node.revoked].sort(byNumber), naive.revoked)
      assert.deepEqual(node.locks, naive.locks(name))
      for (const id of naive.ending(name)) assert.ok(node.ending.has(id), 'told to end it')
    }
    for (const { name } of naive.bots) {
      const reachable = reachOf(naive, name)
      assert.deepEqual(this.bots.get(name)?.nodes, reachable)
      assert.deepEqual(this.board.reachableNodes(name), reachable)
    }
    this.#checkAnswers(naive)
  }

  #checkAnswers(naive: NaiveAccess): void {
    const rows: string[] = []
    for (const { name: bot } of naive.bots) {
      for (const { name: node } of naive.nodes) {
        const logins = naive.logins(bot, node)
        for (const login of LOGINS) {
          const decision = this.board.checkAccess(bot, node, login)
          assert.equal(decision.allowed, logins.includes(login), decision.reason)
        }
        rows.push(...logins.map((login) => `${bot}/${node}/${login}`))
      }
    }
    assert.deepEqual(listAll(this.board, {}), rows)
    const [bot] = naive.bots
    const [node] = naive.nodes
    if (!bot || !node) return
    const ofBoth = rows.filter((row) => row.startsWith(`${bot.name}/${node.name}/`))
    assert.deepEqual(listAll(this.board, { bot: bot.name, node: node.name }), ofBoth)
  }
}

function openBoard(auth: TestAuth): Promise<AccessBoard> {
  const { store, clock } = auth.context
  // Told when the test says so.
  return openAccessBoard({ store, clock, trust: () => trustBundle(auth.context), schedule() {} })
}

function reachOf(naive: NaiveAccess, bot: string): readonly ReachableNode[] {
  return naive.nodes.flatMap(({ name, hosts, port }) => {
    const logins = naive.logins(bot, name)
    return logins.length > 0 ? [{ name, hosts, port, logins }] : []
  })
}

/** Page by page. */
function listAll(board: AccessBoard, filter: Omit<AccessListRequest, 'limit'>): readonly string[] {
  const rows: string[] = []
  for (let after: AccessListRequest['after']; ; ) {
    const page = board.listAccess({ ...filter, after, limit: 3 })
    rows.push(...page.map(({ bot, node, grant }) => `${bot}/${node}/${grant.login}`))
    const last = page.at(-1)
    if (!last || page.length < 3) return rows
    after = { bot: last.bot, node: last.node, login: last.grant.login }
  }
}

function byNumber(a: bigint, b: bigint): number {
  return a < b ? -1 : 1
}

describe('what watchers have been told', () => {
  const turns = fc.array(
    fc.record({ steps: fc.array(steps, { minLength: 1, maxLength: 8 }), minutes: fc.nat(20) }),
    { minLength: 1, maxLength: 12 },
  )

  it('is at every moment what a naive evaluation of the store says', async () => {
    await fc.assert(
      fc.asyncProperty(turns, async (taken) => {
        await using auth = await openTestAuth()
        const scene = await Scene.open(auth)
        await scene.take(SETTING)
        await scene.check()
        for (const { steps: turn, minutes } of taken) {
          await scene.take(turn)
          await scene.check()
          auth.clock.advance(minutes * MINUTE)
          scene.board.flush()
          await scene.check()
        }
        await checkReopened(scene)
      }),
      { numRuns: 40 },
    )
  })
})

/** Enough to begin with that most steps find something to change. */
const SETTING: readonly Step[] = [
  { kind: 'role', pick: 0, detail: 7 },
  { kind: 'role', pick: 1, detail: 1 },
  { kind: 'bot', pick: 0, detail: 1 },
  { kind: 'bot', pick: 1, detail: 3 },
  { kind: 'bot', pick: 2, detail: 2 },
  { kind: 'node', pick: 0, detail: 0 },
  { kind: 'node', pick: 1, detail: 1 },
  { kind: 'instance', pick: 0, detail: 0 },
  { kind: 'certificate', pick: 0, detail: 30 },
]

/** A board that reads the same store later says the same. */
async function checkReopened({ auth, board, nodes }: Scene): Promise<void> {
  const { store, clock } = auth.context
  const expiredBy = clock.now()
  await store.commit({ changes: [{ kind: 'forget-certificates', expiredBy }], events: [] })
  board.flush()
  const reopened = await openBoard(auth)
  for (const [name, told] of nodes) {
    if (told.isGone) continue
    const fresh = new ToldNode()
    reopened.watchNode(name, fresh)
    assert.deepEqual(fresh.lines(), told.lines())
    assert.deepEqual(fresh.revoked, new Set([...told.revoked].sort(byNumber)))
    assert.deepEqual(fresh.locks, told.locks)
  }
}
