import type { Socket } from 'node:net'

/** The connections that a listener has accepted and that are still open. */
export interface Connections {
  readonly size: number
  add(socket: Socket): void
  /** Resolves when the last of them is closed. */
  drained(): Promise<void>
  destroy(): void
}

export function createConnections(): Connections {
  const open = new Set<Socket>()
  const waiting: (() => void)[] = []
  return {
    get size() {
      return open.size
    },
    add(socket) {
      open.add(socket)
      // What goes wrong with it shows at whoever reads from it; unheard, it would end the process.
      socket.on('error', () => {})
      socket.once('close', () => {
        open.delete(socket)
        if (open.size === 0) for (const resolve of waiting.splice(0)) resolve()
      })
    },
    drained: () =>
      open.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve)),
    destroy() {
      for (const socket of open) socket.destroy()
    },
  }
}
