import type { LockRecord, LockTarget } from '../records.ts'

/** The locks in force, by what they are on; and those that may be again. */
export class LockIndex {
  readonly #byId = new Map<string, LockRecord>()
  readonly #byTarget = new Map<LockTarget['kind'], Map<string, readonly LockRecord[]>>()
  /** Their time is over, by a clock that may yet be set back. */
  readonly #ended = new Map<string, LockRecord>()
  /** Undefined: to be found again. */
  #nextExpiry: number | undefined

  /** False where it is there already. */
  add(lock: LockRecord): boolean {
    if (this.#byId.has(lock.id)) return false
    this.#ended.delete(lock.id)
    this.#byId.set(lock.id, lock)
    this.#nextExpiry = undefined
    const { kind } = lock.target
    const name = nameOf(lock.target)
    const ofKind = this.#byTarget.get(kind) ?? new Map<string, readonly LockRecord[]>()
    this.#byTarget.set(kind, ofKind)
    ofKind.set(name, [...(ofKind.get(name) ?? []), lock].sort(byAge))
    return true
  }

  /** Takes one out whose time is over. The lock that was there. */
  end(id: string): LockRecord | undefined {
    const lock = this.remove(id)
    if (lock) this.#ended.set(id, lock)
    return lock
  }

  /** Those that have ended and whose time isn't over at `now`. */
  resumedAt(now: number): readonly LockRecord[] {
    if (this.#ended.size === 0) return []
    return [...this.#ended.values()].filter(({ expiresAt = now }) => expiresAt > now)
  }

  /** Forgets those that have ended and were on something that is no more. */
  forgetEnded(isGone: (target: LockTarget) => boolean): void {
    for (const [id, { target }] of this.#ended) if (isGone(target)) this.#ended.delete(id)
  }

  /** The lock that was there. */
  remove(id: string): LockRecord | undefined {
    this.#ended.delete(id)
    const lock = this.#byId.get(id)
    if (!lock) return undefined
    this.#byId.delete(id)
    this.#nextExpiry = undefined
    const { kind } = lock.target
    const name = nameOf(lock.target)
    const left = this.on(kind, name).filter((other) => other.id !== id)
    if (left.length > 0) this.#byTarget.get(kind)?.set(name, left)
    else this.#byTarget.get(kind)?.delete(name)
    return lock
  }

  /** The locks on one thing, oldest first. For an instance `name` is its identifier. */
  on(kind: LockTarget['kind'], name: string): readonly LockRecord[] {
    return this.#byTarget.get(kind)?.get(name) ?? []
  }

  has(kind: LockTarget['kind'], name: string): boolean {
    return this.#byTarget.get(kind)?.has(name) ?? false
  }

  /** Oldest first. */
  list(): readonly LockRecord[] {
    return [...this.#byId.values()].sort(byAge)
  }

  /** When the next of them expires; infinity where none does. */
  nextExpiry(): number {
    if (this.#nextExpiry === undefined) {
      let next = Number.POSITIVE_INFINITY
      for (const { expiresAt = next } of this.#byId.values()) next = Math.min(next, expiresAt)
      this.#nextExpiry = next
    }
    return this.#nextExpiry
  }

  expiredBy(now: number): readonly LockRecord[] {
    if (this.nextExpiry() > now) return []
    return this.list().filter(({ expiresAt }) => expiresAt !== undefined && expiresAt <= now)
  }
}

function nameOf(target: LockTarget): string {
  switch (target.kind) {
    case 'bot':
      return target.bot
    case 'instance':
      return target.instanceId
    case 'node':
      return target.node
    case 'role':
      return target.role
    case 'login':
      return target.login
  }
}

function byAge(a: LockRecord, b: LockRecord): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)
}
