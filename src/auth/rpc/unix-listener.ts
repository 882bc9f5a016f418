/**
 * The hub's door for its own machine: a unix socket in the data directory. Who can open it is the
 * hub's user or root, by the modes of the directory (0700) and of the socket (0600).
 */
import { createServer, type Socket } from 'node:net'
import { listenOnSocket } from '../../base/unix-socket.ts'
import { type Connections, createConnections } from './connections.ts'

export interface UnixListener {
  readonly connections: Connections
  /** Takes no more connections, and removes the socket. */
  stop(): void
}

/**
 * A socket that a dead hub left behind is replaced; that of a living one is not.
 *
 * @throws ListenError `socket-in-use`, `socket-blocked`, `socket-path-too-long`
 */
export async function listenOnUnixSocket(
  path: string,
  accept: (socket: Socket) => void,
): Promise<UnixListener> {
  const connections = createConnections()
  const server = createServer((socket) => {
    connections.add(socket)
    accept(socket)
  })
  await listenOnSocket(server, path, 0o600)
  return { connections, stop: () => void server.close() }
}
