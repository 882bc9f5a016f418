/** What an act, once committed, ends of the streams that are open. */
import type { Caller } from '../caller.ts'
import { AuthError } from '../errors.ts'
import type { Change } from '../storage.ts'

/**
 * Why the caller's streams can't go on after these changes, or undefined where they can. A bot or a
 * node that is removed is told so by what its stream is subscribed to, as the last of its updates.
 */
export function endingFor(changes: readonly Change[]): (caller: Caller) => AuthError | undefined {
  return (caller) => {
    for (const change of changes) {
      if (isOutdatedBy(change, caller)) return outdated(caller)
    }
    return undefined
  }
}

/** Whether a change says that the caller is no longer who it was. */
function isOutdatedBy(change: Change, caller: Caller): boolean {
  switch (change.kind) {
    case 'delete-admin':
      return caller.kind === 'admin' && caller.name === change.name
    case 'replace-instance': {
      const { id, generation } = change.instance
      return caller.kind === 'bot' && caller.instanceId === id && isOld(caller, generation)
    }
    case 'replace-node': {
      const { name, instanceId, generation } = change.node
      if (caller.kind !== 'node' || caller.node !== name) return false
      return caller.instanceId !== instanceId || isOld(caller, generation)
    }
    default:
      return false
  }
}

/** The one before the newest still counts: its bearer may not have the newest yet. */
function isOld(caller: { readonly generation: bigint }, newest: bigint): boolean {
  return caller.generation + 1n < newest
}

function outdated(caller: Caller): AuthError {
  const what = caller.kind === 'admin' ? 'admin identity' : 'identity certificate'
  return new AuthError('unauthenticated', `the ${what} of this stream no longer counts`, {
    hint: 'connect again with the newest one',
  })
}
