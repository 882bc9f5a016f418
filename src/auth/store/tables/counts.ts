import type { Counted, Reading } from '../sql.ts'

export async function countOf(database: Reading, table: Counted): Promise<number> {
  return (await database.get(database.counting(table)))?.integer('value') ?? 0
}
