import type { BotRecord } from '../../records.ts'
import type { BotReader } from '../../storage.ts'
import { botSubject, CHANGED, conflict, exists, missing } from '../conditions.ts'
import type { Row } from '../row.ts'
import { expect, type Reading, type Step, write } from '../sql.ts'
import { countOf } from './counts.ts'
import { expectRole } from './roles.ts'

const SELECT = ({ jsonArray }: Reading) => `
  SELECT *, (SELECT ${jsonArray('role', 'position')} FROM bot_roles WHERE bot = name) AS roles
  FROM bots`

export function createBotReader(database: Reading): BotReader {
  return {
    async get(name) {
      const row = await database.get(`${SELECT(database)} WHERE name = :name`, { name })
      return row && toBot(row)
    },
    async list({ after = '', limit }) {
      return (
        await database.all(`${SELECT(database)} WHERE name > :after ORDER BY name LIMIT :limit`, {
          after,
          limit,
        })
      ).map(toBot)
    },
    count: () => countOf(database, 'bots'),
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

export function insertBot(bot: BotRecord): readonly Step[] {
  return [
    write(
      `INSERT INTO bots (name, identity_ttl_ms, revision, created_at, created_by)
       VALUES (:name, :identity_ttl_ms, :revision, :created_at, :created_by)
       ON CONFLICT DO NOTHING`,
      toParameters(bot),
      () => exists(botSubject(bot.name)),
    ),
    ...insertRoles(bot),
  ]
}

export function replaceBot(bot: BotRecord): readonly Step[] {
  return [
    expectBotNamed(bot.name),
    write(
      `UPDATE bots
       SET identity_ttl_ms = :identity_ttl_ms, revision = :revision,
           created_at = :created_at, created_by = :created_by
       WHERE name = :name AND revision = :expected_revision`,
      { ...toParameters(bot), expected_revision: bot.revision - 1 },
      () => conflict(botSubject(bot.name), CHANGED),
    ),
    write('DELETE FROM bot_roles WHERE bot = :name', { name: bot.name }),
    ...insertRoles(bot),
  ]
}

function insertRoles(bot: BotRecord): readonly Step[] {
  return bot.roles.flatMap((role, position) => [
    expectRole(role),
    write('INSERT INTO bot_roles (bot, position, role) VALUES (:bot, :position, :role)', {
      bot: bot.name,
      position,
      role,
    }),
  ])
}

export function expectBot(name: string, revision: number): readonly Step[] {
  return [
    expect(
      'SELECT 1 FROM bots WHERE name = :name AND revision = :revision',
      { name, revision },
      () => conflict(botSubject(name), CHANGED),
    ),
  ]
}

export function touchBot(name: string): readonly Step[] {
  return [
    write('UPDATE bots SET revision = revision + 1 WHERE name = :name', { name }, () =>
      missing(botSubject(name)),
    ),
  ]
}

/** Its roles, instances and locks go with it: see the schema's foreign keys. */
export function deleteBot(name: string): readonly Step[] {
  return [write('DELETE FROM bots WHERE name = :name', { name }, () => missing(botSubject(name)))]
}

export function expectBotNamed(name: string): Step {
  return expect('SELECT 1 FROM bots WHERE name = :name', { name }, () => missing(botSubject(name)))
}
