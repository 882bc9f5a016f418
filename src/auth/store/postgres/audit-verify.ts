import type { AuditVerification } from '../../audit-log.ts'
import type { Verified } from '../../audit-verifier.ts'
import { verifyLog } from '../audit-verify.ts'
import type { Parameters, Reading, Values } from '../sql.ts'

const BATCH = 250

/**
 * Reads the log in batches, small ones: between two of them others have their turn.
 *
 * @throws AuditDamage, StoreError; the signal's reason when aborted
 */
export async function verifyFrom(
  database: Reading,
  { onProgress, signal, ...request }: AuditVerification,
): Promise<Verified> {
  const reading: Reading = {
    get: (sql, parameters) => database.get(sql, parameters),
    all: (sql, parameters) => database.all(sql, parameters),
    async values(sql: string, parameters?: Parameters): Promise<readonly Values[]> {
      signal.throwIfAborted()
      return await database.values(sql, parameters)
    },
    indexed: (index) => database.indexed(index),
    counting: (table) => database.counting(table),
    jsonArray: (column, order) => database.jsonArray(column, order),
  }
  return await verifyLog(reading, request, onProgress, BATCH)
}
