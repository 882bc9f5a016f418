import { join } from 'node:path'
import { formatTime } from '../base/clock.ts'
import { ExclusiveLockError, findHolder, holdExclusively } from '../base/exclusive-lock.ts'
import { IdentityError, namedFault } from './errors.ts'
import type { IdentityPorts } from './ports.ts'

/** A directory that only this process works on. */
export type Hold = AsyncDisposable

export const STATE_LOCK = 'lock'
export const DESTINATION_LOCK = '.lock'

/**
 * Takes a directory for this process.
 *
 * @param directory safe, and this user's own
 * @param what names it in the message: `the state directory`
 * @throws IdentityError `held` with the pid of the holder and since when; why it can't be locked
 */
export async function holdDirectory(
  directory: string,
  lockName: string,
  what: string,
  { self, clock }: Pick<IdentityPorts, 'self' | 'clock'>,
): Promise<Hold> {
  const text = `pid ${self.pid} since ${formatTime(clock.now())}`
  try {
    const lock = await holdExclusively(join(directory, lockName), text)
    return { [Symbol.asyncDispose]: () => lock.release() }
  } catch (error) {
    if (!(error instanceof ExclusiveLockError)) throw error
    if (error.code === 'unavailable') {
      const unlockable = new IdentityError('file-failed', `${what} ${directory} can't be locked`, {
        hint: 'its file system must have locks, and room for an empty file',
        cause: error,
      })
      throw namedFault(directory, error.cause) ?? unlockable
    }
    const who = error.holder ?? 'another process'
    throw new IdentityError('held', `${what} ${directory} is in use by ${who}`, {
      hint: 'one mezd at a time: stop the other one, or give this one a directory of its own',
      cause: error,
    })
  }
}

/**
 * Who works on a directory; undefined when nobody does.
 *
 * @throws ExclusiveLockError `unavailable` when this user may not ask
 */
export function holderOf(directory: string, lockName: string): string | undefined {
  return findHolder(join(directory, lockName))
}
