import type { BotRecord } from '../../records.ts'
import type { BotReader } from '../../storage.ts'
import { botSubject, CHANGED, conflict, exists, missing } from '../conditions.ts'
import type { Connection } from './connection.ts'
import { countOf } from './counts.ts'
import { requireRole } from './roles.ts'
import type { Row } from './row.ts'

const SELECT = `
  SELECT *, (SELECT json_group_array(role ORDER BY position) FROM bot_roles WHERE bot = name) AS roles
  FROM bots`

export function createBotReader(database: Connection): BotReader {
  return {
    async get(name) {
      const row = database.get(`${SELECT} WHERE name = :name`, { name })
      return row && toBot(row)
    },
    async list({ after = '', limit }) {
      return database
        .all(`${SELECT} WHERE name > :after ORDER BY name LIMIT :limit`, { after, limit })
        .map(toBot)
    },
    count: async () => countOf(database, 'bots'),
  }
}

function toBot(row: Row): BotRecord {
  return {
    name: row.text('name'),
    roles: row.texts('roles'),
    identityTtlMs: row.integer('identity_ttl_ms'),
    revision: row.integer('revision'),
    createdAt: row.integer('created_at'),
    createdBy: row.text('created_by'),
  }
}

function toParameters(bot: BotRecord) {
  return {
    name: bot.name,
    identity_ttl_ms: bot.identityTtlMs,
    revision: bot.revision,
    created_at: bot.createdAt,
    created_by: bot.createdBy,
  }
}

export function insertBot(database: Connection, bot: BotRecord): void {
  const inserted = database.run(
    `INSERT INTO bots (name, identity_ttl_ms, revision, created_at, created_by)
     VALUES (:name, :identity_ttl_ms, :revision, :created_at, :created_by)
     ON CONFLICT DO NOTHING`,
    toParameters(bot),
  )
  if (inserted === 0) throw exists(botSubject(bot.name))
  insertRoles(database, bot)
}

export function replaceBot(database: Connection, bot: BotRecord): void {
  const replaced = database.run(
    `UPDATE bots
     SET identity_ttl_ms = :identity_ttl_ms, revision = :revision,
         created_at = :created_at, created_by = :created_by
     WHERE name = :name AND revision = :revision - 1`,
    toParameters(bot),
  )
  if (replaced === 0) {
    requireBot(database, bot.name)
    throw conflict(botSubject(bot.name), CHANGED)
  }
  database.run('DELETE FROM bot_roles WHERE bot = :name', { name: bot.name })
  insertRoles(database, bot)
}

function insertRoles(database: Connection, bot: BotRecord): void {
  for (const [position, role] of bot.roles.entries()) {
    requireRole(database, role)
    database.run('INSERT INTO bot_roles (bot, position, role) VALUES (:bot, :position, :role)', {
      bot: bot.name,
      position,
      role,
    })
  }
}

export function expectBot(database: Connection, name: string, revision: number): void {
  const row = database.get('SELECT 1 FROM bots WHERE name = :name AND revision = :revision', {
    name,
    revision,
  })
  if (!row) throw conflict(botSubject(name), CHANGED)
}

export function touchBot(database: Connection, name: string): void {
  const touched = database.run('UPDATE bots SET revision = revision + 1 WHERE name = :name', {
    name,
  })
  if (touched === 0) throw missing(botSubject(name))
}

/** Its roles, instances and locks go with it: see the schema's foreign keys. */
export function deleteBot(database: Connection, name: string): void {
  const deleted = database.run('DELETE FROM bots WHERE name = :name', { name })
  if (deleted === 0) throw missing(botSubject(name))
}

export function requireBot(database: Connection, name: string): void {
  const row = database.get('SELECT 1 FROM bots WHERE name = :name', { name })
  if (!row) throw missing(botSubject(name))
}
