/** How many connections from the network there are at most, and for whom. */
import { HALL_LIMITS, type Room, type RoomLimits } from './hall.ts'
import { LOBBY_LIMITS, type LobbyLimits } from './lobby.ts'

export interface ConnectionLimits {
  readonly lobby: LobbyLimits
  readonly hall: Readonly<Record<Room, RoomLimits>>
  /** That are told that the hub is busy, for the second which that takes at most. */
  readonly refused: number
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  ...{ lobby: LOBBY_LIMITS, hall: HALL_LIMITS },
  refused: 1_024,
}

export function mostConnections({ lobby, hall, refused }: ConnectionLimits): number {
  return lobby.most + hall.bot.most + hall.node.most + hall.admin.most + refused
}

/** The usual limits, or as much less in each as there are fewer in all. */
export function limitsFor(most: number | undefined = Number.POSITIVE_INFINITY): ConnectionLimits {
  const part = Math.min(1, most / mostConnections(CONNECTION_LIMITS))
  const scale = <Limits extends { readonly most: number }>(limits: Limits): Limits => ({
    ...limits,
    most: Math.max(1, Math.floor(limits.most * part)),
  })
  const { lobby, hall, refused } = CONNECTION_LIMITS
  return {
    lobby: scale(lobby),
    hall: { bot: scale(hall.bot), node: scale(hall.node), admin: scale(hall.admin) },
    refused: Math.floor(refused * part),
  }
}
