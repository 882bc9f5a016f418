import type { Connection } from './connection.ts'

/** Kept by triggers: see the schema. */
export type Counted = 'bots' | 'instances' | 'nodes' | 'roles' | 'sessions'

export function countOf(database: Connection, name: Counted): number {
  return (
    database.get('SELECT value FROM counts WHERE name = :name', { name })?.integer('value') ?? 0
  )
}
