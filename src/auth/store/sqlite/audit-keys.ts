import type { AuditKeyRecord } from '../../audit-log.ts'
import { auditKeySubject, exists } from '../conditions.ts'
import type { Connection } from './connection.ts'
import type { Row } from './row.ts'

export function auditKeys(database: Connection): readonly AuditKeyRecord[] {
  return database.all('SELECT * FROM audit_keys ORDER BY created_at, public_key').map(toKey)
}

function toKey(row: Row): AuditKeyRecord {
  return {
    publicKey: row.bytes('public_key'),
    privateKey: row.text('private_key'),
    createdAt: row.integer('created_at'),
  }
}

export function insertAuditKey(database: Connection, key: AuditKeyRecord): void {
  const inserted = database.run(
    `INSERT INTO audit_keys (public_key, private_key, created_at)
     SELECT :public_key, :private_key, :created_at WHERE NOT EXISTS (SELECT * FROM audit_keys)`,
    { public_key: key.publicKey, private_key: key.privateKey, created_at: key.createdAt },
  )
  if (inserted === 0) throw exists(auditKeySubject)
}
