import type { AuditKeyRecord } from '../../audit-log.ts'
import { auditKeySubject, exists } from '../conditions.ts'
import type { Row } from '../row.ts'
import { expectNone, type Reading, type Step, write } from '../sql.ts'

export async function auditKeys(database: Reading): Promise<readonly AuditKeyRecord[]> {
  return (await database.all('SELECT * FROM audit_keys ORDER BY created_at, public_key')).map(toKey)
}

function toKey(row: Row): AuditKeyRecord {
  return {
    publicKey: row.bytes('public_key'),
    privateKey: row.text('private_key'),
    createdAt: row.integer('created_at'),
  }
}

export function insertAuditKey(key: AuditKeyRecord): readonly Step[] {
  return [
    expectNone('SELECT 1 FROM audit_keys LIMIT 1', {}, () => exists(auditKeySubject)),
    write(
      `INSERT INTO audit_keys (public_key, private_key, created_at)
       VALUES (:public_key, :private_key, :created_at)`,
      { public_key: key.publicKey, private_key: key.privateKey, created_at: key.createdAt },
    ),
  ]
}
