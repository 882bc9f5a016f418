/**
 * The schema's versions. A migration is never edited once released; a change of the schema is a new
 * one at the end. Hubs of the release before go on while a newer one migrates, so each says which
 * hubs can work with what it leaves: it may add, and may take away only what they don't use.
 */
import { StoreError } from '../../../storage.ts'
import type { Connection } from '../connection.ts'
import { initial } from './0001-initial.ts'
import { trustReports } from './0002-trust-reports.ts'

interface Migration {
  readonly sql: string
  /** The oldest schema version that a hub may know and still work with this one. */
  readonly oldestCompatible: number
}

const MIGRATIONS: readonly Migration[] = [
  { sql: initial, oldestCompatible: 1 },
  { sql: trustReports, oldestCompatible: 1 },
]

export const SCHEMA_VERSION = MIGRATIONS.length

/** Of one who migrates, in `pg_locks`: `Mzte`. */
const ADVISORY_LOCK = 0x4d7a7465

/**
 * Brings the schema up to this version, once, however many hubs start.
 *
 * @param connection one that waits long for statements and locks
 * @throws StoreError
 */
export async function migrate(connection: Connection, newClusterId: string): Promise<void> {
  const before = await storedVersion(connection)
  if (before === undefined || before < SCHEMA_VERSION) await raise(connection, newClusterId)
  const row = await connection.get('SELECT oldest_compatible FROM hub')
  requireCompatible(row?.integer('oldest_compatible') ?? 0)
}

/** @throws StoreError `too-new` */
export function requireCompatible(oldestCompatible: number): void {
  if (oldestCompatible <= SCHEMA_VERSION) return
  throw new StoreError(
    'too-new',
    'store',
    `the database needs hubs that know schema version ${oldestCompatible}; this mezhub knows versions up to ${SCHEMA_VERSION}`,
    { hint: 'run the newer mezhub, or restore the backup made before the upgrade' },
  )
}

async function raise(connection: Connection, newClusterId: string): Promise<void> {
  // Before the transaction: what another one has made is seen from its beginning on.
  await connection.execute(`SELECT pg_advisory_lock(${ADVISORY_LOCK})`)
  await connection.execute('BEGIN')
  try {
    const version = (await storedVersion(connection)) ?? 0
    if (version === 0) await connection.execute('CREATE SCHEMA IF NOT EXISTS mezite')
    for (const [index, { sql, oldestCompatible }] of MIGRATIONS.entries()) {
      if (index < version) continue
      await connection.execute(sql)
      if (index === 0) await makeHub(connection, newClusterId)
      await connection.execute(
        `UPDATE hub SET schema_version = ${index + 1}, oldest_compatible = ${oldestCompatible}`,
      )
    }
    await connection.execute('COMMIT')
  } catch (error) {
    await connection.execute('ROLLBACK').catch(() => {})
    throw error
  } finally {
    // Or with the connection.
    await connection.execute(`SELECT pg_advisory_unlock(${ADVISORY_LOCK})`).catch(() => {})
  }
}

async function makeHub(connection: Connection, newClusterId: string): Promise<void> {
  await connection.run(
    `INSERT INTO hub (cluster_id, schema_version, oldest_compatible, change_sequence)
     VALUES (:id, 0, 0, 0)`,
    { id: newClusterId },
  )
}

/** Undefined where there is no store yet. */
async function storedVersion(connection: Connection): Promise<number | undefined> {
  const found = await connection.get(
    `SELECT 1 FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname = 'mezite' AND c.relname = 'hub'`,
  )
  if (!found) return undefined
  return (await connection.get('SELECT schema_version FROM hub'))?.integer('schema_version')
}
