/**
 * Connections whose bearer is known: each kind of bearer has a room of its own, so that bots keep no
 * node out, nor nodes an administrator; and each bearer has a few places in it, so that a stolen
 * identity keeps out nobody but its owner. Nothing here is a socket.
 *
 * Whoever finds no place stays a guest of the lobby, where he is served all the same, for a moment.
 */

export type Room = 'bot' | 'node' | 'admin'

export interface Place<Connection> {
  readonly connection: Connection
  readonly room: Room
  readonly bearer: string
  /** Calls under way. */
  calls: number
}

export interface RoomLimits {
  readonly most: number
  /** Of one bearer. */
  readonly each: number
}

/** A bot and a node have one connection for their stream and, at times, one for a call. */
export const HALL_LIMITS: Readonly<Record<Room, RoomLimits>> = {
  bot: { most: 1_152, each: 8 },
  node: { most: 2_048, each: 8 },
  admin: { most: 256, each: 64 },
}

export class Hall<Connection> {
  readonly #limits: Readonly<Record<Room, RoomLimits>>
  /** By bearer; those who came first come first. */
  readonly #bearers = new Map<string, Set<Place<Connection>>>()
  readonly #taken: Record<Room, number> = { bot: 0, node: 0, admin: 0 }

  constructor(limits: Readonly<Record<Room, RoomLimits>> = HALL_LIMITS) {
    this.#limits = limits
  }

  taken(room: Room): number {
    return this.#taken[room]
  }

  /**
   * @param bearer unique among all rooms
   * @param evict ends the connection of the place, which is free already: the bearer's oldest that
   *   does nothing, where he has no other left
   * @returns undefined where there is no place
   */
  enter(
    connection: Connection,
    room: Room,
    bearer: string,
    evict: (place: Place<Connection>) => void,
  ): Place<Connection> | undefined {
    const { most, each } = this.#limits[room]
    const own = this.#bearers.get(bearer) ?? new Set()
    if (own.size >= each) {
      const idle = [...own].find(({ calls }) => calls === 0)
      if (!idle) return undefined
      this.leave(idle)
      evict(idle)
    }
    if (this.#taken[room] >= most) return undefined
    const place: Place<Connection> = { connection, room, bearer, calls: 0 }
    this.#bearers.set(bearer, own.add(place))
    this.#taken[room] += 1
    return place
  }

  /** Harmless for one that has left. */
  leave(place: Place<Connection>): void {
    const own = this.#bearers.get(place.bearer)
    if (!own?.delete(place)) return
    if (own.size === 0) this.#bearers.delete(place.bearer)
    this.#taken[place.room] -= 1
  }
}
