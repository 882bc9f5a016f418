import type { RoleRecord } from '../../records.ts'
import type { RoleReader } from '../../storage.ts'
import {
  botSubject,
  CHANGED,
  conflict,
  exists,
  inUse,
  missing,
  roleSubject,
} from '../conditions.ts'
import type { Connection } from './connection.ts'
import { countOf } from './counts.ts'
import type { Row } from './row.ts'

export function createRoleReader(database: Connection): RoleReader {
  return {
    async get(name) {
      const row = database.get('SELECT * FROM roles WHERE name = :name', { name })
      return row && toRole(row)
    },
    async list({ after = '', limit }) {
      return database
        .all('SELECT * FROM roles WHERE name > :after ORDER BY name LIMIT :limit', { after, limit })
        .map(toRole)
    },
    count: async () => countOf(database, 'roles'),
  }
}

function toRole(row: Row): RoleRecord {
  return {
    name: row.text('name'),
    description: row.text('description'),
    document: row.text('document'),
    revision: row.integer('revision'),
    createdAt: row.integer('created_at'),
    updatedAt: row.integer('updated_at'),
  }
}

function toParameters(role: RoleRecord) {
  return {
    name: role.name,
    description: role.description,
    document: role.document,
    revision: role.revision,
    created_at: role.createdAt,
    updated_at: role.updatedAt,
  }
}

export function insertRole(database: Connection, role: RoleRecord): void {
  const inserted = database.run(
    `INSERT INTO roles (name, description, document, revision, created_at, updated_at)
     VALUES (:name, :description, :document, :revision, :created_at, :updated_at)
     ON CONFLICT DO NOTHING`,
    toParameters(role),
  )
  if (inserted === 0) throw exists(roleSubject(role.name))
}

export function replaceRole(database: Connection, role: RoleRecord): void {
  const replaced = database.run(
    `UPDATE roles
     SET description = :description, document = :document, revision = :revision,
         created_at = :created_at, updated_at = :updated_at
     WHERE name = :name AND revision = :revision - 1`,
    toParameters(role),
  )
  if (replaced > 0) return
  requireRole(database, role.name)
  throw conflict(roleSubject(role.name), CHANGED)
}

/** The locks on it go with it: see the schema's foreign keys. */
export function deleteRole(database: Connection, name: string): void {
  const user = database.get('SELECT bot FROM bot_roles WHERE role = :name LIMIT 1', { name })
  if (user) throw inUse(roleSubject(name), botSubject(user.text('bot')))
  const deleted = database.run('DELETE FROM roles WHERE name = :name', { name })
  if (deleted === 0) throw missing(roleSubject(name))
}

export function requireRole(database: Connection, name: string): void {
  const row = database.get('SELECT 1 FROM roles WHERE name = :name', { name })
  if (!row) throw missing(roleSubject(name))
}
