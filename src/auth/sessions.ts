/**
 * Sessions on managed nodes, from what their agents report: who is in now, and in the audit log who
 * was.
 */
import { isIP } from 'node:net'
import { checkLogin, checkName } from '../policy/names.ts'
import type { Caller, NodeCaller } from './caller.ts'
import { decideAndCommit } from './commit.ts'
import type { BoardContext } from './context.ts'
import { AuthError, checkPolicy } from './errors.ts'
import type { Nodes } from './nodes.ts'
import { RateTable, REPORT_RATE, requireRate } from './rate.ts'
import type { SessionRecord } from './records.ts'
import { endedSession, sessionName, startedSession, terminatedSession } from './session-events.ts'
import type { SessionFilter } from './storage.ts'

/** Why a session ended: by itself, unseen, because of a lock, or because it was asked for. */
export const SESSION_END_REASONS = ['closed', 'lost', 'locked', 'ended'] as const
export type SessionEndReason = (typeof SESSION_END_REASONS)[number]

/** `id` is the agent's own, unique on its node for ever; `time` is by the node's clock. */
export type SessionEvent = { readonly id: string; readonly time: number } & (
  | ({ readonly kind: 'start' } & Omit<SessionRecord, 'id' | 'node' | 'startedAt'>)
  | { readonly kind: 'end'; readonly reason: SessionEndReason }
)

export interface Sessions {
  /**
   * Takes a node's events in their order. One that comes again counts once, also after the session
   * has ended.
   *
   * @throws AuthError `invalid-request`, before any of them counts; as `Nodes.requireCurrent`
   */
  report(caller: NodeCaller, events: readonly SessionEvent[]): Promise<void>
  /** Who is in now, newest first. */
  list(filter: SessionFilter): Promise<readonly SessionRecord[]>
  /**
   * Has a session ended.
   *
   * @param name `NODE/ID`
   * @throws AuthError `not-found`; `node-offline` where nobody can be told to
   */
  end(caller: Caller, name: string): Promise<void>
}

const MOST_EVENTS = 1_000
const ID = /^[A-Za-z0-9._:-]{1,128}$/
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const LAST_SERIAL = 2n ** 64n - 1n

export function createSessions(context: BoardContext, nodes: Nodes): Sessions {
  const { store, clock, board } = context
  const reports = new RateTable(REPORT_RATE)
  const underWay = new Map<string, Promise<void>>()

  async function start(caller: NodeCaller, session: SessionRecord): Promise<void> {
    if (await store.sessions.get(session.node, session.id)) return
    if (await isInLog(session)) return
    await store.commit({
      changes: [{ kind: 'insert-session', session }],
      events: [startedSession(context, caller, session)],
    })
  }

  /** A report that comes again after its session ended has no row to meet: the log remembers. */
  async function isInLog(session: SessionRecord): Promise<boolean> {
    const about = { session: sessionName(session), type: 'session.start' }
    return (await store.audit.list({ ...about, limit: 1 })).length > 0
  }

  async function take(caller: NodeCaller, event: SessionEvent): Promise<void> {
    const node = caller.node
    if (event.kind === 'start') {
      const { kind: _, time: startedAt, ...session } = event
      return start(caller, { ...session, node, startedAt })
    }
    const session = await store.sessions.get(node, event.id)
    if (!session) return
    await store.commit({
      changes: [{ kind: 'delete-session', node, id: event.id }],
      events: [endedSession(context, caller, session, event.time, event.reason)],
    })
  }

  async function takeAll(caller: NodeCaller, events: readonly SessionEvent[]): Promise<void> {
    for (const event of events) await decideAndCommit(() => take(caller, event))
  }

  return {
    async report(caller, events) {
      checkEvents(events)
      await nodes.requireCurrent(caller)
      const { length } = events
      requireRate(reports, caller.node, clock.monotonic(), 'session events', Math.max(1, length))
      // One report of a node at a time: the same one twice at once would count twice.
      const before = underWay.get(caller.node) ?? Promise.resolve()
      const mine = before.catch(() => {}).then(() => takeAll(caller, events))
      underWay.set(caller.node, mine)
      try {
        await mine
      } finally {
        if (underWay.get(caller.node) === mine) underWay.delete(caller.node)
      }
    },

    list: (filter) => store.sessions.list(filter),

    async end(caller, name) {
      const separator = name.indexOf('/')
      const node = name.slice(0, Math.max(0, separator))
      const session = await store.sessions.get(node, name.slice(separator + 1))
      if (!session) throw sessionMissing(name)
      if (!board.isOnline(node)) throw nodeOffline(node)
      const event = terminatedSession(context, caller, session)
      await decideAndCommit(() => store.commit({ changes: [], events: [event] }))
      board.endSession(node, session.id)
    },
  }
}

/** @throws AuthError `invalid-request` */
function checkEvents(events: readonly SessionEvent[]): void {
  if (events.length > MOST_EVENTS) {
    throw new AuthError('invalid-request', `a report has at most ${MOST_EVENTS} events`)
  }
  for (const event of events) {
    const wrong = faultOf(event)
    if (wrong !== undefined) {
      throw new AuthError('invalid-request', `a session's event has ${wrong} that can't be`)
    }
  }
}

function faultOf(event: SessionEvent): string | undefined {
  if (!ID.test(event.id)) return 'an identifier'
  if (!Number.isSafeInteger(event.time) || event.time < 0) return 'a time'
  if (event.kind === 'end') {
    return SESSION_END_REASONS.includes(event.reason) ? undefined : 'a reason'
  }
  checkPolicy(() => [checkLogin(event.login), checkName('bot', event.bot)])
  if (!UUID.test(event.instanceId)) return 'an instance'
  if (event.certificateSerial < 1n || event.certificateSerial > LAST_SERIAL) return 'a serial'
  return event.address === '' || isIP(event.address) !== 0 ? undefined : 'an address'
}

function sessionMissing(name: string): AuthError {
  return new AuthError('not-found', `there is no session "${name}"`, {
    hint: 'mezctl sessions ls shows who is in now; a session is named NODE/ID',
  })
}

function nodeOffline(node: string): AuthError {
  return new AuthError('node-offline', `node "${node}" is not connected, so it can't be told`, {
    hint: 'on the node itself, end the process of its sshd; mezctl nodes ls shows who is online',
  })
}
