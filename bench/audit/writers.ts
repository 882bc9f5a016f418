/** Administrators that set and remove locks, as fast as the hub lets them. */
import { systemClock } from '../../src/base/clock.ts'
import { openAdminClient } from '../../src/client/admin-client.ts'

const WRITERS = 4

/** @returns how long each act took, in milliseconds */
export async function write(socket: string, forMs: number): Promise<readonly number[]> {
  const admin = await openAdminClient({ kind: 'unix', path: socket })
  const times: number[] = []
  const timed = async <T>(act: Promise<T>, start = systemClock.monotonic()): Promise<T> => {
    const done = await act
    times.push(systemClock.monotonic() - start)
    return done
  }
  const end = systemClock.monotonic() + forMs
  const writer = async (number: number): Promise<void> => {
    const target = { case: 'login', value: `nobody-${number}` } as const
    while (systemClock.monotonic() < end) {
      const { lock } = await timed(admin.locks.createLock({ target }))
      await timed(admin.locks.deleteLock({ id: lock?.id ?? '' }))
    }
  }
  try {
    await Promise.all(Array.from({ length: WRITERS }, (_, number) => writer(number)))
    return times
  } finally {
    admin.close()
  }
}
