import type { Peer } from './peer.ts'

/** A connection, as the calls on it see it. */
export interface Visit {
  readonly peer: Peer
  /** It has no place of its own: it lasts for a call or two, not for a stream. */
  readonly isGuest: boolean
  /** A call is under way from now on; returns what ends that. */
  begin(): () => void
}

/** By grpc-js's name for a connection; undefined when it is gone. */
export type FindVisit = (name: string) => Visit | undefined

export function createVisit(
  peer: Peer,
  isGuest: boolean,
  counted: { calls: number } = { calls: 0 },
): Visit {
  return {
    peer,
    isGuest,
    begin() {
      counted.calls += 1
      let isOver = false
      return () => {
        if (!isOver) counted.calls -= 1
        isOver = true
      }
    },
  }
}
