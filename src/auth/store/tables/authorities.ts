import type { AuthorityRecord } from '../../records.ts'
import type { AuthorityReader } from '../../storage.ts'
import { authoritySubject, exists } from '../conditions.ts'
import type { Row } from '../row.ts'
import { type Reading, type Step, write } from '../sql.ts'

export function createAuthorityReader(database: Reading): AuthorityReader {
  return {
    async list() {
      return (await database.all('SELECT * FROM authorities ORDER BY created_at, id')).map(
        toAuthority,
      )
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

export function insertAuthority(authority: AuthorityRecord): readonly Step[] {
  return [
    write(
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
      () => exists(authoritySubject(authority.type)),
    ),
  ]
}
