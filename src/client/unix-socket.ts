import { connect } from 'node:net'
import { systemErrorCode } from '../base/errors.ts'
import { connectionBroke } from './connection-errors.ts'
import { HubError } from './identity-hub.ts'

const HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'start mezhub, or name its data directory',
  ENOTDIR: "name the hub's data directory",
  ECONNREFUSED: 'the hub that made the socket is gone: start mezhub',
  EACCES: "run this as the hub's user or as root",
}

/**
 * Why there was no connection to the hub's unix socket, when `cause` was reported. Rejects with the
 * signal's reason when aborted.
 */
export async function explainSocketFailure(
  path: string,
  cause: unknown,
  signal: AbortSignal | undefined,
): Promise<HubError> {
  signal?.throwIfAborted()
  const code = await connectOnce(path)
  if (code === undefined) return connectionBroke(path, cause)
  return new HubError('unreachable', `no hub can be reached at ${path} (${code})`, {
    hint: HINTS[code] ?? "is this the hub's data directory?",
    cause,
  })
}

/** The code of the system error, or undefined where something listens. */
function connectOnce(path: string): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const socket = connect({ path })
  socket.once('connect', () => resolve(undefined))
  socket.once('error', (error) => resolve(systemErrorCode(error) ?? 'unknown'))
  return promise.finally(() => socket.destroy())
}
