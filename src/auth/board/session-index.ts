import type { SessionRecord } from '../records.ts'

/** The live sessions, by node, and those that are to end whatever the locks say. */
export class SessionIndex {
  readonly #byNode = new Map<string, Map<string, SessionRecord>>()
  readonly #ending = new Set<SessionRecord>()

  /** False where it is there already. */
  add(session: SessionRecord): boolean {
    const sessions = this.#byNode.get(session.node)
    if (sessions?.has(session.id)) return false
    if (sessions) sessions.set(session.id, session)
    else this.#byNode.set(session.node, new Map([[session.id, session]]))
    return true
  }

  remove(node: string, id: string): void {
    const sessions = this.#byNode.get(node)
    const session = sessions?.get(id)
    if (!sessions || !session) return
    sessions.delete(id)
    this.#ending.delete(session)
    if (sessions.size === 0) this.#byNode.delete(node)
  }

  removeNode(node: string): void {
    for (const session of this.on(node)) this.#ending.delete(session)
    this.#byNode.delete(node)
  }

  on(node: string): Iterable<SessionRecord> {
    return this.#byNode.get(node)?.values() ?? []
  }

  /** The nodes on which somebody is. */
  nodes(): Iterable<string> {
    return this.#byNode.keys()
  }

  /** False where there is no such session. */
  end(node: string, id: string): boolean {
    const session = this.#byNode.get(node)?.get(id)
    if (session) this.#ending.add(session)
    return session !== undefined
  }

  endOfBot(bot: string): void {
    for (const sessions of this.#byNode.values()) {
      for (const session of sessions.values()) if (session.bot === bot) this.#ending.add(session)
    }
  }

  isEnding(session: SessionRecord): boolean {
    return this.#ending.has(session)
  }
}
