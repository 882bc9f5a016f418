/**
 * Connections of which nobody knows yet whose they are, or that have no right to more: who may stay
 * when there is no room for all. Nothing here is a socket; times are of a monotonic clock.
 *
 * | stage | what it is |
 * | --- | --- |
 * | silent | connected, and has sent nothing |
 * | waiting | has spoken; TLS is begun when its turn comes |
 * | shaking | within the handshake |
 * | guest | past the handshake, without a place of its own in the hall |
 *
 * - The lobby is never fuller than its limit.
 * - Whoever comes from where many come pays for it: a source that crowds the lobby makes room by its
 *   own connections. So one address can fill the lobby only as long as nobody else wants in.
 * - Without a crowd, those go first that do nothing: who stays silent, then idle guests, then
 *   handshakes that have come to a halt. Where everybody is busy the newcomer is the one to go, since what was
 *   begun for the others would be wasted.
 * - Turns go round by source: one that has many waiting keeps no other one waiting.
 * - Whoever has waited too long for his turn has to go, or a slow machine would do nothing but begin
 *   what its clients give up.
 */
import { SECOND } from '../../base/clock.ts'

export type Stage = 'silent' | 'waiting' | 'shaking' | 'guest'

export interface Entry<Connection> {
  readonly connection: Connection
  readonly source: Source<Connection>
  readonly acceptedAt: number
  stage: Stage
  /** When it came to this stage. */
  since: number
  /** Calls under way. */
  calls: number
}

interface Source<Connection> {
  readonly name: string
  /** In the order in which they came. */
  readonly entries: Set<Entry<Connection>>
}

export interface LobbyLimits {
  readonly most: number
  /** Past the handshake, from one source. */
  readonly mostGuestsEach: number
}

export const LOBBY_LIMITS: LobbyLimits = { most: 1_024, mostGuestsEach: 64 }

/** How many more than a newcomer's a source may have before it makes room for him. */
const CROWD = 8
/** Whoever connects speaks at once, but what he says may wait to be read. */
const SILENCE = SECOND
/** A handshake takes a few round trips; a guest calls at once. */
const PATIENCE = 2 * SECOND
/** A client gives up after 15 s, in which its handshake and its call have to find time too. */
const LONGEST_WAIT = 5 * SECOND

export class Lobby<Connection> {
  readonly #limits: LobbyLimits
  readonly #sources = new Map<string, Source<Connection>>()
  /** Sources by how many entries they have. */
  readonly #ranks: Set<Source<Connection>>[] = []
  #highest = 0
  /** By stage, and in it by since when. */
  readonly #stages: Readonly<Record<Stage, Set<Entry<Connection>>>> = {
    ...{ silent: new Set(), waiting: new Set() },
    ...{ shaking: new Set(), guest: new Set() },
  }
  /** Those with an entry that waits, the next one first. */
  readonly #turns = new Map<Source<Connection>, Entry<Connection>[]>()
  #size = 0

  constructor(limits: LobbyLimits = LOBBY_LIMITS) {
    this.#limits = limits
  }

  get size(): number {
    return this.#size
  }

  /**
   * @param evict ends the connection of the entry that makes room, which has left already
   * @returns undefined where there is no room
   */
  enter(
    connection: Connection,
    sourceName: string,
    now: number,
    evict: (entry: Entry<Connection>) => void,
  ): Entry<Connection> | undefined {
    if (this.#size >= this.#limits.most) {
      const leaving = this.#leavingFor(sourceName, now)
      if (!leaving) return undefined
      this.leave(leaving)
      evict(leaving)
    }
    const source = this.#sources.get(sourceName) ?? { name: sourceName, entries: new Set() }
    this.#sources.set(sourceName, source)
    const entry: Entry<Connection> = {
      ...{ connection, source, acceptedAt: now },
      ...{ stage: 'silent', since: now, calls: 0 },
    }
    this.#rank(source, () => source.entries.add(entry))
    this.#stages.silent.add(entry)
    this.#size += 1
    return entry
  }

  /** A silent one has spoken. */
  speak(entry: Entry<Connection>, now: number): void {
    this.#move(entry, 'waiting', now)
    const turn = this.#turns.get(entry.source)
    if (turn) turn.push(entry)
    else this.#turns.set(entry.source, [entry])
  }

  /** Whose handshake is to begin. */
  next(now: number): Entry<Connection> | undefined {
    for (const [source, turn] of this.#turns) {
      const entry = turn.shift()
      this.#turns.delete(source)
      // At the end of the round.
      if (turn.length > 0) this.#turns.set(source, turn)
      if (!entry) continue
      this.#move(entry, 'shaking', now)
      return entry
    }
    return undefined
  }

  /** Takes out those that have waited too long for their turn. */
  overdue(now: number): readonly Entry<Connection>[] {
    const overdue: Entry<Connection>[] = []
    for (const entry of this.#stages.waiting) {
      if (now - entry.since < LONGEST_WAIT) break
      overdue.push(entry)
    }
    for (const entry of overdue) this.leave(entry)
    return overdue
  }

  /** Its handshake is over. @param evict see `enter`; for the oldest guest of a source with too many */
  welcome(entry: Entry<Connection>, now: number, evict: (entry: Entry<Connection>) => void): void {
    this.#move(entry, 'guest', now)
    const { entries } = entry.source
    const { mostGuestsEach } = this.#limits
    if (entries.size <= mostGuestsEach) return
    const guests = [...entries].filter(({ stage }) => stage === 'guest')
    if (guests.length <= mostGuestsEach) return
    const oldest = guests.find(({ calls }) => calls === 0) ?? entry
    this.leave(oldest)
    evict(oldest)
  }

  /** Harmless for one that has left. */
  leave(entry: Entry<Connection>): void {
    const { source, stage } = entry
    if (!this.#stages[stage].delete(entry)) return
    this.#rank(source, () => source.entries.delete(entry))
    if (source.entries.size === 0) this.#sources.delete(source.name)
    this.#size -= 1
    const turn = this.#turns.get(source)
    if (stage !== 'waiting' || !turn) return
    turn.splice(turn.indexOf(entry), 1)
    if (turn.length === 0) this.#turns.delete(source)
  }

  #leavingFor(newcomer: string, now: number): Entry<Connection> | undefined {
    const own = this.#sources.get(newcomer)
    const count = own?.entries.size ?? 0
    const [crowd] = this.#ranks[this.#highest] ?? []
    if (crowd && crowd.entries.size > count + CROWD) return leavingOf(crowd, now)
    // Who has most himself takes nobody else's room.
    if (own && count === this.#highest) return idleOf(own.entries, now)
    const { silent, guest, shaking } = this.#stages
    return idleOf(silent, now) ?? idleOf(guest, now) ?? idleOf(shaking, now)
  }

  #move(entry: Entry<Connection>, stage: Stage, now: number): void {
    this.#stages[entry.stage].delete(entry)
    entry.stage = stage
    entry.since = now
    this.#stages[stage].add(entry)
  }

  /** Keeps the ranks while the number of the source's entries changes. */
  #rank(source: Source<Connection>, change: () => void): void {
    this.#ranks[source.entries.size]?.delete(source)
    change()
    const { size } = source.entries
    const rank = this.#ranks[size] ?? new Set()
    this.#ranks[size] = rank
    if (size > 0) rank.add(source)
    this.#highest = Math.max(this.#highest, size)
    while (this.#highest > 0 && this.#ranks[this.#highest]?.size === 0) this.#highest -= 1
  }
}

/** Of a source that crowds the lobby: what does nothing, else what came last. */
function leavingOf<Connection>(
  { entries }: Source<Connection>,
  now: number,
): Entry<Connection> | undefined {
  return idleOf(entries, now) ?? [...entries].findLast(({ calls }) => calls === 0)
}

/** The first that does nothing. */
function idleOf<Connection>(
  entries: Iterable<Entry<Connection>>,
  now: number,
): Entry<Connection> | undefined {
  for (const entry of entries) {
    if (isIdle(entry, now)) return entry
  }
  return undefined
}

function isIdle<Connection>({ stage, since, calls }: Entry<Connection>, now: number): boolean {
  switch (stage) {
    case 'silent':
      return now - since >= SILENCE
    case 'waiting':
      return false
    case 'shaking':
    case 'guest':
      return calls === 0 && now - since >= PATIENCE
  }
}
