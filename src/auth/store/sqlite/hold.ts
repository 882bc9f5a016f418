import { join } from 'node:path'
import { type Clock, formatTime } from '../../../base/clock.ts'
import {
  type ExclusiveLock,
  ExclusiveLockError,
  holdExclusively,
} from '../../../base/exclusive-lock.ts'
import { StoreError } from '../../storage.ts'

export interface HoldOptions {
  readonly directory: string
  readonly clock: Pick<Clock, 'now'>
  /** This process, for whoever comes second. */
  readonly pid: number
}

/**
 * The data directory is one process's until the lock is released.
 *
 * @throws StoreError `in-use-by-another`, `unavailable`
 */
export async function holdDirectory(options: HoldOptions): Promise<ExclusiveLock> {
  const { directory, clock, pid } = options
  const holder = `pid ${pid} since ${formatTime(clock.now())}`
  try {
    return await holdExclusively(join(directory, 'hub.lock'), holder)
  } catch (error) {
    if (!(error instanceof ExclusiveLockError)) throw error
    if (error.code === 'unavailable') {
      throw new StoreError('unavailable', 'store', error.message, {
        hint: 'put the data directory on a local file system that can be written',
        cause: error,
      })
    }
    const who = error.holder ?? 'another process'
    throw new StoreError('in-use-by-another', 'store', `${directory} is in use by ${who}`, {
      hint: 'stop the other mezhub, or give this one a data directory of its own',
      cause: error,
    })
  }
}
