import type { AdminRecord } from '../../records.ts'
import type { AdminReader } from '../../storage.ts'
import { adminSubject, exists, missing } from '../conditions.ts'
import type { Connection } from './connection.ts'
import type { Row } from './row.ts'

export function createAdminReader(database: Connection): AdminReader {
  return {
    async get(name) {
      const row = database.get('SELECT * FROM admins WHERE name = :name', { name })
      return row && toAdmin(row)
    },
    async list() {
      return database.all('SELECT * FROM admins ORDER BY name').map(toAdmin)
    },
  }
}

function toAdmin(row: Row): AdminRecord {
  return {
    name: row.text('name'),
    keyFingerprint: row.bytes('key_fingerprint'),
    createdAt: row.integer('created_at'),
    createdBy: row.text('created_by'),
    expiresAt: row.integer('expires_at'),
  }
}

export function insertAdmin(database: Connection, admin: AdminRecord): void {
  const inserted = database.run(
    `INSERT INTO admins (name, key_fingerprint, created_at, created_by, expires_at)
     VALUES (:name, :key_fingerprint, :created_at, :created_by, :expires_at)
     ON CONFLICT DO NOTHING`,
    {
      name: admin.name,
      key_fingerprint: admin.keyFingerprint,
      created_at: admin.createdAt,
      created_by: admin.createdBy,
      expires_at: admin.expiresAt,
    },
  )
  if (inserted === 0) throw exists(adminSubject(admin.name))
}

export function deleteAdmin(database: Connection, name: string): void {
  const deleted = database.run('DELETE FROM admins WHERE name = :name', { name })
  if (deleted === 0) throw missing(adminSubject(name))
}
