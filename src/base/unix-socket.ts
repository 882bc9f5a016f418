import { chmod, lstat, unlink } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { messageOf, systemErrorCode } from './errors.ts'
import { ListenError } from './listen-error.ts'

/** `sun_path` of unix(7) has 108 bytes, the last of them zero. */
const LONGEST_PATH = 107

/**
 * Has the server listen on a unix socket. One that a dead process left behind is replaced; that of a
 * living one is not.
 *
 * @param mode who may connect: it takes the right to write
 * @throws ListenError `socket-in-use`, `socket-blocked`, `socket-path-too-long`
 */
export async function listenOnSocket(server: Server, path: string, mode: number): Promise<void> {
  const length = Buffer.byteLength(path)
  if (length > LONGEST_PATH) {
    const message = `the path of the unix socket is ${length} bytes long: ${path}`
    throw new ListenError('socket-path-too-long', message, {
      hint: `the kernel takes ${LONGEST_PATH} at most: choose a directory with a shorter path`,
    })
  }
  await removeDeadSocket(path)
  try {
    await listen(server, path)
    await chmod(path, mode)
  } catch (cause) {
    server.close()
    throw blocked(path, messageOf(cause), cause)
  }
}

/**
 * A socket is made with the mode that the umask leaves, and whoever connects before it is changed stays
 * connected. So it is made for its owner alone: `listen` binds it before it returns.
 */
function listen(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  const umask = process.umask(0o077)
  try {
    server.listen({ path }, resolve)
  } finally {
    process.umask(umask)
  }
  return promise.finally(() => server.off('error', reject))
}

async function removeDeadSocket(path: string): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw blocked(path, messageOf(error), error)
  })
  if (!found) return
  if (!found.isSocket()) throw blocked(path, 'what is there is not a socket')
  if (await isAnswered(path)) {
    throw new ListenError('socket-in-use', `another program answers on ${path}`, {
      hint: 'stop it, or give this one a path of its own',
    })
  }
  await unlink(path).catch((error: unknown) => {
    throw blocked(path, messageOf(error), error)
  })
}

function isAnswered(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ path })
  socket.once('connect', () => resolve(true))
  // Any other error than a refusal leaves open whether somebody is there.
  socket.once('error', (error) => resolve(systemErrorCode(error) !== 'ECONNREFUSED'))
  return promise.finally(() => socket.destroy())
}

function blocked(path: string, what: string, cause?: unknown): ListenError {
  return new ListenError('socket-blocked', `cannot make the unix socket ${path}: ${what}`, {
    hint: "move it away, or check the directory's owner and mode",
    cause,
  })
}
