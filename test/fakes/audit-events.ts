/** Events in a store that somebody tampers with. */
import { DatabaseSync } from 'node:sqlite'
import type { Store } from '../../src/auth/storage.ts'

/** Adds so many events, as acts would. */
export async function addEvents(store: Store, count: number, time = 0): Promise<void> {
  const events = Array.from({ length: count }, (_, index) => ({
    ...{ time: time + index, type: 'role.update' as const, outcome: 'success' as const },
    ...{ actor: 'local', address: '', fields: { role: 'deployer', revision: String(index) } },
  }))
  await store.commit({ changes: [], events })
}

/** What somebody does who can write the file. */
export function tamper(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  try {
    database.exec(sql)
  } finally {
    database.close()
  }
}
