import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from '../../src/auth/storage.ts'
import { openSqliteStore } from '../../src/auth/store/sqlite/open.ts'
import { systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import type { StorePlace } from './store-contract.ts'

/** Opens the store in a directory as this process. */
export function openHere(directory: string): Promise<Store> {
  return openSqliteStore({
    directory,
    clock: systemClock,
    random: systemRandom,
    pid: process.pid,
    uid: process.getuid?.() ?? 0,
  })
}

export function createDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'mezite-store-'))
}

export async function createSqlitePlace(): Promise<StorePlace> {
  const directory = await createDirectory()
  return {
    open: () => openHere(directory),
    remove: () => rm(directory, { recursive: true }),
  }
}
