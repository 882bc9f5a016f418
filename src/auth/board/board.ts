/**
 * The access board: who may enter where, at every moment, and everybody who has to know of it.
 *
 * - It holds what the store holds (load.ts, access-state.ts): what is committed is on the board
 *   before the commit returns.
 * - One function evaluates (evaluate-access.ts); a question about one login, the whole list, what a
 *   node is told and what a bot may reach are the same answer.
 * - Bots with the same roles are one group, nodes with the same labels one view: what an edit costs
 *   doesn't grow with the number of bots or, but for sending it, of nodes.
 * - Whoever watches is told everything at once, then what has changed, once in a turn of the event
 *   loop; what came to be as it was isn't told at all.
 */
import type { Clock } from '../../base/clock.ts'
import { MINUTE } from '../../base/clock.ts'
import type { Role } from '../../policy/role.ts'
import { AuthError } from '../errors.ts'
import type { TrustBundle } from '../issuing.ts'
import { botMissing, nodeMissing } from '../refusals.ts'
import { type Store, StoreError } from '../storage.ts'
import { type AccessKey, type AccessRow, listRows } from './access-list.ts'
import type { BotEntry } from './bot-groups.ts'
import { type BotListener, BotWatches } from './bot-watches.ts'
import { type AccessDecision, explainAccess, type ReachableNode } from './evaluate-access.ts'
import { loadAccessState } from './load.ts'
import type { NodeEntry } from './node-index.ts'
import type { NodeListener, NodeUpdate } from './node-update.ts'
import { NodeWatches } from './node-watches.ts'

export interface AccessListRequest {
  /** Undefined: all. */
  readonly bot?: string | undefined
  readonly node?: string | undefined
  readonly after?: AccessKey | undefined
  readonly limit: number
}

export interface AccessBoard {
  /** @throws AuthError `not-found` for the bot or the node */
  checkAccess(bot: string, node: string, login: string): AccessDecision
  /** By bot, node and login. @throws AuthError `not-found` for a bot or a node that is named */
  listAccess(request: AccessListRequest): readonly AccessRow[]
  /** The nodes that the bot may enter, by name; none for a bot that isn't there or is locked. */
  reachableNodes(bot: string): readonly ReachableNode[]
  /** What a watch of the node would be told first. @throws AuthError `not-found` */
  snapshotFor(node: string): NodeUpdate
  /** The listener is told everything before this returns. @throws AuthError `not-found` */
  watchNode(node: string, listener: NodeListener): () => void
  /** The listener is told everything before this returns. @throws AuthError `not-found` */
  watchBot(bot: string, listener: BotListener): () => void
  isOnline(node: string): boolean
  /** Nodes that are watched. */
  readonly nodesOnline: number
  /** Nodes that have this name, or are reached under this name or address. */
  nodesReachedAs(host: string): ReadonlySet<string>
  /** Has the session's node told to end it. False where there is no such session. */
  endSession(node: string, id: string): boolean
  /** What locks on roles and logins leave of a role. */
  restrict(role: Role): Role
  /** Changes when a role, or what `restrict` makes of it, does. */
  readonly restrictions: number
  /** Ends locks when their time is over and forgets expired certificates, until aborted. */
  run(signal: AbortSignal): Promise<void>
  /** The CAs have changed, or what their rotation asks of those who watch. */
  tellTrust(): void
  /** Tells what is pending now, not at the end of the turn. */
  flush(): void
  /** Follows the store no longer. */
  close(): void
}

export interface BoardOptions {
  readonly store: Store
  readonly clock: Clock
  /** By which certificates are forgotten: see hub-clock.ts. Left out: the clock. */
  readonly steady?: (() => number) | undefined
  readonly trust: () => TrustBundle
  /** Calls back at the end of this turn of the event loop; left out: `setImmediate`. */
  readonly schedule?: ((flush: () => void) => void) | undefined
}

const FORGET_EVERY = 10 * MINUTE

/** A clock may be set, so the board never sleeps longer. */
const LONGEST_SLEEP = MINUTE

/** @throws StoreError; AuthError for a role that can't be read */
export async function openAccessBoard(options: BoardOptions): Promise<AccessBoard> {
  const {
    store,
    clock,
    steady = () => clock.now(),
    trust,
    schedule = (flush) => void setImmediate(flush),
  } = options
  let isScheduled = false
  let awaken = new AbortController()
  const { state, stop } = await loadAccessState(store, clock.now(), changed)
  const nodeWatches = new NodeWatches(state, trust)
  const botWatches = new BotWatches(state, trust)

  function changed(): void {
    if (state.pending.locks || state.pending.lockedNodes.size > 0) awaken.abort()
    if (isScheduled || state.pending.isEmpty()) return
    isScheduled = true
    schedule(flush)
  }

  function flush(): void {
    isScheduled = false
    if (state.pending.isEmpty()) return
    const pending = state.takePending()
    nodeWatches.flush(pending)
    botWatches.flush(pending)
  }

  function setTime(): void {
    state.setTime(clock.now())
    changed()
  }

  /** Everybody has been told of everything, up to this moment. */
  function settle(): void {
    setTime()
    flush()
  }

  function botNamed(name: string): BotEntry {
    const bot = state.bots.get(name)
    if (!bot) throw botMissing(name)
    return bot
  }

  function nodeNamed(name: string): NodeEntry {
    const node = state.nodes.get(name)
    if (!node) throw nodeMissing(name)
    return node
  }

  async function forgetCertificates(): Promise<void> {
    const change = { kind: 'forget-certificates', expiredBy: steady() } as const
    try {
      await store.commit({ changes: [change], events: [] })
    } catch (error) {
      // They are forgotten the next time.
      if (!(error instanceof StoreError)) throw error
    }
  }

  setTime()
  state.takePending()
  return {
    checkAccess(botName, nodeName, login) {
      setTime()
      return explainAccess(state, botNamed(botName), nodeNamed(nodeName), login)
    },

    listAccess({ bot, node, after, limit }) {
      setTime()
      const bots = bot === undefined ? state.bots.list() : [botNamed(bot)]
      const nodes = node === undefined ? state.nodes.list() : [nodeNamed(node)]
      return listRows(state, bots, nodes, { after, limit })
    },

    reachableNodes(bot) {
      settle()
      return botWatches.nodesOf(bot)
    },

    snapshotFor(node) {
      settle()
      return nodeWatches.snapshot(nodeNamed(node).name)
    },

    watchNode(node, listener) {
      settle()
      return nodeWatches.watch(nodeNamed(node).name, listener)
    },

    watchBot(bot, listener) {
      settle()
      return botWatches.watch(botNamed(bot).name, listener)
    },

    isOnline: (node) => nodeWatches.has(node),
    get nodesOnline() {
      return nodeWatches.size
    },
    nodesReachedAs: (host) => state.nodes.reachedAs(host),

    endSession(node, id) {
      const found = state.endSession(node, id)
      changed()
      return found
    },

    restrict(role) {
      setTime()
      return state.roles.restrict(role)
    },
    get restrictions() {
      return state.restrictions
    },

    async run(signal) {
      let forgetAt = clock.monotonic()
      while (!signal.aborted) {
        setTime()
        if (clock.monotonic() >= forgetAt) {
          await forgetCertificates()
          forgetAt = clock.monotonic() + FORGET_EVERY
        }
        awaken = new AbortController()
        const sleep = Math.min(state.locks.nextExpiry() - clock.now(), LONGEST_SLEEP)
        const either = AbortSignal.any([signal, awaken.signal])
        await clock.sleep(Math.max(0, sleep), either).catch((error: unknown) => {
          if (!either.aborted) throw error
        })
      }
    },

    tellTrust() {
      state.pending.trust = true
      changed()
    },

    flush: settle,
    close: stop,
  }
}

/** Where a row stands, as a page token. */
export function formatAccessKey({ bot, node, login }: AccessKey): string {
  return `${bot}/${node}/${login}`
}

/** @throws AuthError `invalid-request` */
export function parseAccessKey(text: string): AccessKey {
  const [bot, node, login, ...more] = text.split('/')
  if (bot !== undefined && node !== undefined && login !== undefined && more.length === 0) {
    return { bot, node, login }
  }
  throw new AuthError('invalid-request', 'the page token is not one of this list')
}
