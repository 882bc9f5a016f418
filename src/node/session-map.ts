/** Who is in now, and which of them have to leave. Pure. */
import type { EndReason, NodeLock } from '../client/node-hub.ts'
import type { ProcessId } from './proc.ts'
import type { Session } from './session.ts'

/** What the hub has said that live sessions are judged by. */
export interface Judgement {
  readonly locks: readonly NodeLock[]
  readonly revoked: ReadonlySet<bigint>
  readonly isGranted: (login: string, principal: string) => boolean
}

export class SessionMap {
  readonly #sessions = new Map<string, Session>()
  /** Why a session is being ended, where it doesn't end by itself. */
  readonly #ending = new Map<string, EndReason>()

  get all(): readonly Session[] {
    return [...this.#sessions.values()]
  }

  get(id: string): Session | undefined {
    return this.#sessions.get(id)
  }

  add(session: Session): void {
    this.#sessions.set(session.id, session)
  }

  remove(id: string): void {
    this.#sessions.delete(id)
    this.#ending.delete(id)
  }

  /** The session that is in by that monitor. */
  byMonitor({ pid, startTicks }: ProcessId): Session | undefined {
    return this.all.find(
      ({ monitor, isLost }) => !isLost && monitor.pid === pid && monitor.startTicks === startTicks,
    )
  }

  /** The sessions that a lock has hit, or whose certificate was revoked, and what is left of them. */
  locked(judgement: Judgement): readonly Session[] {
    return this.all.filter((session) => isLocked(session, judgement))
  }

  /** @returns whether the session is in, and wasn't being ended yet */
  beginEnding(id: string, reason: EndReason): boolean {
    if (!this.#sessions.has(id) || this.#ending.has(id)) return false
    this.#ending.set(id, reason)
    return true
  }

  /** An attempt to end it has failed; it may be tried again. */
  giveUpEnding(id: string): void {
    this.#ending.delete(id)
  }

  /** The reason that is told when the session has gone, `otherwise` when nobody has ended it. */
  reasonFor(id: string, otherwise: EndReason): EndReason {
    return this.#ending.get(id) ?? otherwise
  }
}

function isLocked(session: Session, { locks, revoked, isGranted }: Judgement): boolean {
  if (revoked.has(session.certificateSerial)) return true
  return locks.some((lock) => {
    if (lock.kind === 'bot') return lock.bot === session.bot
    if (lock.kind === 'instance') return lock.instanceId === session.instanceId
    if (lock.kind === 'login') return lock.login === session.login
    if (lock.kind === 'node') return true
    // Which bots have a role is the hub's to know; whoever lost his grant by it has none here now.
    return !isGranted(session.login, `bot:${session.bot}`)
  })
}
