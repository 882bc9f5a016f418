/** Which process holds a TCP connection: by the numbers that the kernel gives to sockets. */
import type { ProcFiles } from './ports.ts'
import { readDirectory, readLink, readProc, unlessHidden } from './proc.ts'

/**
 * Whether a process has a socket of that connection, as far as ports tell.
 *
 * @param connection as SSH_CONNECTION has it, seen from the client
 */
export function holdsConnection(proc: ProcFiles, pid: number, connection: string): boolean {
  const [, clientPort, , serverPort] = connection.split(' ')
  const sockets = new Set(
    ['tcp', 'tcp6'].flatMap((name) =>
      parseSockets(unlessHidden(() => readProc(proc, `/proc/${pid}/net/${name}`)) ?? '')
        .filter((it) => it.localPort === Number(serverPort) && it.peerPort === Number(clientPort))
        .map(({ inode }) => `socket:[${inode}]`),
    ),
  )
  if (sockets.size === 0) return false
  const numbers = readDirectory(proc, `/proc/${pid}/fd`)
  return numbers.some((number) => sockets.has(readLink(proc, `/proc/${pid}/fd/${number}`) ?? ''))
}

interface Socket {
  readonly localPort: number
  readonly peerPort: number
  readonly inode: string
}

/** The lines of proc(5)'s net/tcp: `sl local_address rem_address st … uid timeout inode …`. */
export function parseSockets(text: string): readonly Socket[] {
  const line =
    /^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:([0-9A-F]{4}) \S+ \S+ \S+ \S+ +\d+ +\d+ (\d+) /gm
  return [...text.matchAll(line)].map(([, local = '', peer = '', inode = '']) => ({
    localPort: Number.parseInt(local, 16),
    peerPort: Number.parseInt(peer, 16),
    inode,
  }))
}
