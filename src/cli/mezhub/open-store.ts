import type { Store, StoreError } from '../../auth/storage.ts'
import { checkDirectory } from '../../auth/store/sqlite/directory.ts'
import { holdDirectory } from '../../auth/store/sqlite/hold.ts'
import type { Invocation } from '../invocation.ts'
import type { HubStartValues } from './parameters.ts'

export interface OpenStoreOptions {
  /** Made already, and safe. */
  readonly directory: string
  readonly onGroup: ((acts: number) => void) | undefined
  readonly onFailed: (error: StoreError) => void
}

/** The store that the values name. Loads only what that one needs. @throws StoreError */
export async function openStore(
  { store, storePassword }: HubStartValues,
  invocation: Invocation,
  { directory, onGroup, onFailed }: OpenStoreOptions,
): Promise<Store> {
  const { clock, random, uid } = invocation
  const holder = { directory, clock, pid: process.pid }
  if (store === undefined) {
    const { openSqliteStore } = await import('../../auth/store/sqlite/open.ts')
    return await openSqliteStore({ ...holder, random, uid, onGroup, onFailed })
  }
  const { postgresTarget } = await import('./postgres-target.ts')
  const { openPostgresStore } = await import('../../auth/store/postgres/open.ts')
  const target = postgresTarget(store, storePassword, invocation)
  // The door for this machine is in it.
  await checkDirectory(directory, uid)
  const hold = await holdDirectory(holder)
  try {
    const opened = await openPostgresStore({ target, clock, random, onGroup, onFailed })
    return {
      ...opened,
      async close() {
        await opened.close()
        await hold.release()
      },
    }
  } catch (error) {
    await hold.release()
    throw error
  }
}
