import type { AdminRecord } from '../../records.ts'
import type { AdminReader } from '../../storage.ts'
import { adminSubject, exists, missing } from '../conditions.ts'
import type { Row } from '../row.ts'
import { type Reading, type Step, write } from '../sql.ts'

export function createAdminReader(database: Reading): AdminReader {
  return {
    async get(name) {
      const row = await database.get('SELECT * FROM admins WHERE name = :name', { name })
      return row && toAdmin(row)
    },
    async list() {
      return (await database.all('SELECT * FROM admins ORDER BY name')).map(toAdmin)
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

export function insertAdmin(admin: AdminRecord): readonly Step[] {
  return [
    write(
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
      () => exists(adminSubject(admin.name)),
    ),
  ]
}

export function deleteAdmin(name: string): readonly Step[] {
  return [
    write('DELETE FROM admins WHERE name = :name', { name }, () => missing(adminSubject(name))),
  ]
}
