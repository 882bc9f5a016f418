import type { RestoreRecord } from '../../records.ts'
import type { RestoreReader } from '../../storage.ts'
import type { Connection } from './connection.ts'
import type { Row } from './row.ts'

export function createRestoreReader(database: Connection): RestoreReader {
  return {
    async list() {
      return database.all('SELECT * FROM restores ORDER BY restored_at, id').map(toRestore)
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

export function recordRestore(database: Connection, restore: RestoreRecord): void {
  database.run(
    'INSERT INTO restores (id, taken_at, restored_at) VALUES (:id, :taken_at, :restored_at)',
    { id: restore.id, taken_at: restore.takenAt, restored_at: restore.restoredAt },
  )
  database.run('DELETE FROM readmissions')
  database.run(`UPDATE tokens SET invalidated = 'restored' WHERE invalidated IS NULL`)
}
