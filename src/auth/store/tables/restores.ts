import type { RestoreRecord } from '../../records.ts'
import type { RestoreReader } from '../../storage.ts'
import type { Row } from '../row.ts'
import { type Reading, type Step, write } from '../sql.ts'

export function createRestoreReader(database: Reading): RestoreReader {
  return {
    async list() {
      return (await database.all('SELECT * FROM restores ORDER BY restored_at, id')).map(toRestore)
    },
  }
}

function toRestore(row: Row): RestoreRecord {
  return {
    id: row.text('id'),
    takenAt: row.integer('taken_at'),
    restoredAt: row.integer('restored_at'),
  }
}

export function recordRestore(restore: RestoreRecord): readonly Step[] {
  return [
    write(
      'INSERT INTO restores (id, taken_at, restored_at) VALUES (:id, :taken_at, :restored_at)',
      { id: restore.id, taken_at: restore.takenAt, restored_at: restore.restoredAt },
    ),
    write('DELETE FROM readmissions', {}),
    write(`UPDATE tokens SET invalidated = 'restored' WHERE invalidated IS NULL`, {}),
  ]
}
