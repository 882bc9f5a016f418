import type { Reading } from '../sql.ts'

/** Kept by triggers: see the schema. */
export type Counted = 'bots' | 'instances' | 'nodes' | 'roles' | 'sessions'

export async function countOf(database: Reading, name: Counted): Promise<number> {
  const row = await database.get('SELECT value FROM counts WHERE name = :name', { name })
  return row?.integer('value') ?? 0
}
