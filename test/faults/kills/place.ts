/**
 * A kind of store, as far as the kills need to know it: how a hub is told of it, and how its content
 * is read from outside while the hub runs.
 */
import { join } from 'node:path'
import type { Store } from '../../../src/auth/storage.ts'
import { verifyInThread } from '../../../src/auth/store/sqlite/audit-verify-worker.ts'
import { Connection } from '../../../src/auth/store/sqlite/connection.ts'
import { createAuditReader } from '../../../src/auth/store/tables/audit.ts'
import { createBotReader } from '../../../src/auth/store/tables/bots.ts'
import { createInstanceReader } from '../../../src/auth/store/tables/instances.ts'
import { createLockReader } from '../../../src/auth/store/tables/locks.ts'
import { createRoleReader } from '../../../src/auth/store/tables/roles.ts'
import { createTokenReader } from '../../../src/auth/store/tables/tokens.ts'

export type StoreReaders = Pick<
  Store,
  'audit' | 'bots' | 'instances' | 'locks' | 'roles' | 'tokens'
>

export interface HubPlace {
  readonly name: string
  /** Words of `mezhub start` for a hub whose data directory is given. */
  flags(directory: string): readonly string[]
  read<Result>(directory: string, act: (readers: StoreReaders) => Promise<Result>): Promise<Result>
  /** What stands in the data directory while the hub runs, and nothing else. */
  readonly files: ReadonlySet<string>
}

export const sqlitePlace: HubPlace = {
  name: 'sqlite',
  flags: (directory) => [`--data-dir=${directory}`],
  async read(directory, act) {
    const path = join(directory, 'hub.db')
    const database = new Connection(path, { readOnly: true, busyTimeoutMs: 5_000 })
    try {
      return await act({
        audit: createAuditReader(database, (request) => verifyInThread(path, request)),
        bots: createBotReader(database),
        instances: createInstanceReader(database),
        locks: createLockReader(database),
        roles: createRoleReader(database),
        tokens: createTokenReader(database),
      })
    } finally {
      database.close()
    }
  },
  files: new Set(['hub.db', 'hub.db-wal', 'hub.db-shm', 'hub.lock', 'hub.lock-holder', 'hub.sock']),
}
