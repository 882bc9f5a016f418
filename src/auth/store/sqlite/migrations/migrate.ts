/**
 * The schema's versions. A migration is never edited once released; a change of the schema is a new
 * one at the end. The version is SQLite's `user_version`, which changes in the same transaction.
 */
import { StoreError } from '../../../storage.ts'
import type { Connection } from '../connection.ts'
import { initial } from './0001-initial.ts'
import { nodes } from './0002-nodes.ts'
import { audit } from './0003-audit.ts'
import { readmissions } from './0004-readmissions.ts'
import { restores } from './0005-restores.ts'
import { inventory } from './0006-inventory.ts'
import { rotations } from './0007-rotations.ts'
import { inventoryOrder } from './0008-inventory-order.ts'
import { trustReports } from './0009-trust-reports.ts'

const MIGRATIONS: readonly string[] = [
  initial,
  nodes,
  audit,
  readmissions,
  restores,
  inventory,
  rotations,
  inventoryOrder,
  trustReports,
]

export const SCHEMA_VERSION = MIGRATIONS.length

/** `Mzte`: by it `file` and this store know the file. */
export const APPLICATION_ID = 0x4d7a7465

/**
 * The version that the database has, 0 for a new one. Changes nothing.
 *
 * @throws StoreError `damaged` for another program's database, `too-new` for a later schema
 */
export function schemaVersion(database: Connection): number {
  const version = storedVersion(database)
  if (version <= SCHEMA_VERSION) return version
  throw new StoreError(
    'too-new',
    'store',
    `the database has schema version ${version}; this mezhub knows versions up to ${SCHEMA_VERSION}`,
    { hint: 'run the newer mezhub that wrote it, or restore the backup made before the upgrade' },
  )
}

/** Brings the schema from `version` to `SCHEMA_VERSION`, each step in a transaction of its own. */
export function migrate(database: Connection, version: number): void {
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index >= version) raise(database, index + 1, sql)
  }
}

function storedVersion(database: Connection): number {
  const applicationId = pragma(database, 'application_id')
  if (applicationId === APPLICATION_ID) return pragma(database, 'user_version')
  // Without an application's mark it is new if nothing stands in it.
  const tables = database.get('SELECT count(*) AS tables FROM sqlite_schema')?.integer('tables')
  if (applicationId === 0 && tables === 0) return 0
  throw new StoreError('damaged', 'store', 'the database was not written by mezhub', {
    hint: 'move hub.db out of the data directory, or give another data directory',
  })
}

function raise(database: Connection, version: number, sql: string): void {
  database.execute('BEGIN IMMEDIATE')
  try {
    database.execute(sql)
    database.execute(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version}`)
    database.execute('COMMIT')
  } catch (error) {
    if (database.inTransaction) database.execute('ROLLBACK')
    throw error
  }
}

function pragma(database: Connection, name: 'application_id' | 'user_version'): number {
  return database.get(`PRAGMA ${name}`)?.integer(name) ?? 0
}
