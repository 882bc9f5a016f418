/**
 * The store in PostgreSQL, for one hub or several of one cluster.
 *
 * - One connection writes (writer.ts). Acts that arrive together share a transaction (group.ts); those
 *   of all hubs come one after another, by a lock on one row. None is answered before it is durable.
 * - A few connections read (pool.ts); they can't write. Each read sees every act answered before it.
 * - The change feed is of all hubs (feed.ts): a hub's own acts as they are answered, the others' by
 *   NOTIFY (follower.ts), all in the order of their commits.
 * - The audit chain is computed by the hub that holds the lock, in the transaction of the act.
 * - The schema is `mezite` of the database, made and brought up to date by whoever comes first.
 */
import type { Clock } from '../../../base/clock.ts'
import type { Random } from '../../../base/random.ts'
import type { Store, StoreError } from '../../storage.ts'
import { createChangeSource } from '../change-feed.ts'
import { createAdminReader } from '../tables/admins.ts'
import { createAuditReader } from '../tables/audit.ts'
import { createAuthorityReader } from '../tables/authorities.ts'
import { createBotReader } from '../tables/bots.ts'
import { createCertificateReader } from '../tables/certificates.ts'
import { createInstanceReader } from '../tables/instances.ts'
import { createInventoryReader } from '../tables/inventory.ts'
import { createLockReader } from '../tables/locks.ts'
import { createNodeReader } from '../tables/nodes.ts'
import { createReadmissionReader } from '../tables/readmissions.ts'
import { createRestoreReader } from '../tables/restores.ts'
import { createRoleReader } from '../tables/roles.ts'
import { createSessionReader } from '../tables/sessions.ts'
import { createTokenReader } from '../tables/tokens.ts'
import { createTrustReportReader } from '../tables/trust-reports.ts'
import { formatPostgresAddress } from './address.ts'
import { verifyFrom } from './audit-verify.ts'
import { Connection, type PostgresTarget } from './connection.ts'
import { Feed } from './feed.ts'
import { Follower } from './follower.ts'
import { migrate } from './migrations/migrate.ts'
import { Pool } from './pool.ts'
import { openWritable, Writer } from './writer.ts'

export interface PostgresStoreOptions {
  readonly target: PostgresTarget
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>
  readonly random: Pick<Random, 'uuid'>
  /** What a listener of the change feed threw, which it must not. Dropped without this. */
  readonly onListenerError?: (error: unknown) => void
  /** Told how many acts shared a transaction, for metrics. Must not throw. */
  readonly onGroup?: ((acts: number) => void) | undefined
  /** The store takes no acts any more, although nobody closed it. */
  readonly onFailed?: ((error: StoreError) => void) | undefined
}

/** A large table takes its time, and so does another hub that is at it. */
const MIGRATION_TIMEOUT_MS = 1_800_000

/**
 * Opens the store, or makes it in a database without one.
 *
 * @throws StoreError `unavailable`, `too-new`, `damaged`
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { target, random, onFailed = () => {} } = options
  await bringUpToDate(target, random.uuid())
  const connection = await openWritable(target)
  try {
    const hub = await connection.get('SELECT cluster_id, change_sequence FROM hub')
    const source = createChangeSource(options.onListenerError)
    const feed = new Feed(source, hub?.integer('change_sequence') ?? 0)
    const writer = new Writer(connection, feed, { ...options, onFailed })
    const follower = new Follower(feed, { ...options, onFailed: (error) => writer.fail(error) })
    const pool = new Pool(target)
    const shut = async () => {
      await writer.close()
      await Promise.all([follower.close(), pool.close()])
    }
    let closing: Promise<void> | undefined
    return {
      description: formatPostgresAddress(target.address),
      clusterId: hub?.text('cluster_id') ?? '',
      roles: createRoleReader(pool),
      bots: createBotReader(pool),
      tokens: createTokenReader(pool),
      instances: createInstanceReader(pool),
      readmissions: createReadmissionReader(pool),
      locks: createLockReader(pool),
      certificates: createCertificateReader(pool),
      inventory: createInventoryReader(pool),
      nodes: createNodeReader(pool),
      sessions: createSessionReader(pool),
      admins: createAdminReader(pool),
      authorities: createAuthorityReader(pool),
      trustReports: createTrustReportReader(pool),
      restores: createRestoreReader(pool),
      audit: createAuditReader(pool, (request) => verifyFrom(pool, request)),
      changes: source.feed,
      commit: (act) => writer.commit(act),
      close() {
        closing ??= shut()
        return closing
      },
    }
  } catch (error) {
    await connection.close()
    throw error
  }
}

async function bringUpToDate(target: PostgresTarget, newClusterId: string): Promise<void> {
  const connection = await Connection.open(target, {
    readOnly: false,
    statementTimeoutMs: MIGRATION_TIMEOUT_MS,
    lockTimeoutMs: MIGRATION_TIMEOUT_MS,
  })
  try {
    await migrate(connection, newClusterId)
  } finally {
    await connection.close()
  }
}
