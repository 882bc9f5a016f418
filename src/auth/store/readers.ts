import type { Store } from '../storage.ts'
import type { Reading } from './sql.ts'
import { createAdminReader } from './tables/admins.ts'
import { createAuditReader } from './tables/audit.ts'
import { createAuthorityReader } from './tables/authorities.ts'
import { createBotReader } from './tables/bots.ts'
import { createCertificateReader } from './tables/certificates.ts'
import { createInstanceReader } from './tables/instances.ts'
import { createInventoryReader } from './tables/inventory.ts'
import { createLockReader } from './tables/locks.ts'
import { createNodeReader } from './tables/nodes.ts'
import { createReadmissionReader } from './tables/readmissions.ts'
import { createRestoreReader } from './tables/restores.ts'
import { createRoleReader } from './tables/roles.ts'
import { createSessionReader } from './tables/sessions.ts'
import { createTokenReader } from './tables/tokens.ts'
import { createTrustReportReader } from './tables/trust-reports.ts'

/** What a store reads, of whatever database; acts and their feed are each database's own. */
export type Readers = Omit<Store, 'description' | 'clusterId' | 'changes' | 'commit' | 'close'>

export function createReaders(database: Reading, verify: Store['audit']['verify']): Readers {
  return {
    roles: createRoleReader(database),
    bots: createBotReader(database),
    tokens: createTokenReader(database),
    instances: createInstanceReader(database),
    readmissions: createReadmissionReader(database),
    locks: createLockReader(database),
    certificates: createCertificateReader(database),
    inventory: createInventoryReader(database),
    nodes: createNodeReader(database),
    sessions: createSessionReader(database),
    admins: createAdminReader(database),
    authorities: createAuthorityReader(database),
    trustReports: createTrustReportReader(database),
    restores: createRestoreReader(database),
    audit: createAuditReader(database, verify),
  }
}
