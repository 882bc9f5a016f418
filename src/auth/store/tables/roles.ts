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
import type { Row } from '../row.ts'
import { expect, expectNone, type Reading, type Step, write } from '../sql.ts'
import { countOf } from './counts.ts'

export function createRoleReader(database: Reading): RoleReader {
  return {
    async get(name) {
      const row = await database.get('SELECT * FROM roles WHERE name = :name', { name })
      return row && toRole(row)
    },
    async list({ after = '', limit }) {
      return (
        await database.all('SELECT * FROM roles WHERE name > :after ORDER BY name LIMIT :limit', {
          after,
          limit,
        })
      ).map(toRole)
    },
    count: () => countOf(database, 'roles'),
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

export function insertRole(role: RoleRecord): readonly Step[] {
  return [
    write(
      `INSERT INTO roles (name, description, document, revision, created_at, updated_at)
       VALUES (:name, :description, :document, :revision, :created_at, :updated_at)
       ON CONFLICT DO NOTHING`,
      toParameters(role),
      () => exists(roleSubject(role.name)),
    ),
  ]
}

export function replaceRole(role: RoleRecord): readonly Step[] {
  return [
    expectRole(role.name),
    write(
      `UPDATE roles
       SET description = :description, document = :document, revision = :revision,
           created_at = :created_at, updated_at = :updated_at
       WHERE name = :name AND revision = :expected_revision`,
      { ...toParameters(role), expected_revision: role.revision - 1 },
      () => conflict(roleSubject(role.name), CHANGED),
    ),
  ]
}

/** The locks on it go with it: see the schema's foreign keys. */
export function deleteRole(name: string): readonly Step[] {
  return [
    expectNone('SELECT bot FROM bot_roles WHERE role = :name LIMIT 1', { name }, (user) =>
      inUse(roleSubject(name), botSubject(user.text('bot'))),
    ),
    write('DELETE FROM roles WHERE name = :name', { name }, () => missing(roleSubject(name))),
  ]
}

export function expectRole(name: string): Step {
  return expect('SELECT 1 FROM roles WHERE name = :name', { name }, () =>
    missing(roleSubject(name)),
  )
}
