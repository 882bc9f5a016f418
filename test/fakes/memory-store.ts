/**
 * The embedded store without a disk: the same schema, statements and conditions, in SQLite's memory.
 * It is quick enough to be asked hundreds of thousands of times, and as consistent; what it doesn't
 * have is durability, a writer's thread, and anybody who listens.
 */
import type { Act, Store } from '../../src/auth/storage.ts'
import { createReaders } from '../../src/auth/store/readers.ts'
import { Connection } from '../../src/auth/store/sqlite/connection.ts'
import { GroupCommitter } from '../../src/auth/store/sqlite/group.ts'
import { migrate } from '../../src/auth/store/sqlite/migrations/migrate.ts'

export interface MemoryStore extends Store {
  readonly database: Connection
}

export function openMemoryStore(clusterId: string): MemoryStore {
  const database = new Connection(':memory:', { busyTimeoutMs: 0 })
  database.execute('PRAGMA foreign_keys = ON')
  migrate(database, 0)
  const committer = new GroupCommitter(database)
  return {
    ...createReaders(database, () => Promise.reject(new Error('it has no file to verify'))),
    database,
    description: 'memory',
    clusterId,
    changes: { subscribe: () => () => {} },
    async commit(act: Act) {
      const [failure] = committer.commit([act])
      if (failure) throw failure
    },
    async close() {
      database.close()
    },
  }
}
