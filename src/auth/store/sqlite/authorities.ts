import type { AuthorityRecord } from '../../records.ts'
import type { AuthorityReader } from '../../storage.ts'
import { authoritySubject, exists } from '../conditions.ts'
import type { Connection } from './connection.ts'
import type { Row } from './row.ts'

export function createAuthorityReader(database: Connection): AuthorityReader {
  return {
    async list() {
      return database.all('SELECT * FROM authorities ORDER BY created_at, id').map(toAuthority)
    },
  }
}

function toAuthority(row: Row): AuthorityRecord {
  return {
    id: row.text('id'),
    type: row.oneOf('type', ['user', 'host', 'tls']),
    publicPart: row.bytes('public_part'),
    privateKey: row.text('private_key'),
    createdAt: row.integer('created_at'),
  }
}

export function insertAuthority(database: Connection, authority: AuthorityRecord): void {
  const inserted = database.run(
    `INSERT INTO authorities (id, type, public_part, private_key, created_at)
     VALUES (:id, :type, :public_part, :private_key, :created_at)
     ON CONFLICT DO NOTHING`,
    {
      id: authority.id,
      type: authority.type,
      public_part: authority.publicPart,
      private_key: authority.privateKey,
      created_at: authority.createdAt,
    },
  )
  if (inserted === 0) throw exists(authoritySubject(authority.type))
}
