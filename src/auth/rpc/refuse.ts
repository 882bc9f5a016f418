/** Connections that there is no room for, and how they are told so. */
import type { Socket } from 'node:net'
import { SECOND } from '../../base/clock.ts'

/**
 * TLS's fatal alert internal_error (RFC 8446, sections 5.1 and 6.2), in the clear, as an alert before
 * the handshake is. It costs no cryptography, and Mezite's clients know what it means.
 */
export const BUSY_ALERT: Buffer = Buffer.of(21, 3, 3, 0, 2, 2, 80)

/** A connection that is closed while data waits unread is reset, and the alert lost with it. */
const LINGER = SECOND

export interface Refusals {
  /** Says that the hub is busy, and closes. */
  refuse(socket: Socket): void
  stop(): void
}

/** @param most connections that are being refused at a time; more are reset */
export function createRefusals(most: number): Refusals {
  const lingering = new Set<Socket>()
  return {
    refuse(socket) {
      if (lingering.size >= most) {
        socket.resetAndDestroy()
        return
      }
      lingering.add(socket)
      socket.once('close', () => lingering.delete(socket))
      socket.setTimeout(LINGER, () => socket.destroy())
      socket.end(BUSY_ALERT)
      socket.resume()
    },
    stop() {
      for (const socket of lingering) socket.destroy()
    },
  }
}
