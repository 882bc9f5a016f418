import type { AuthorityRecord, RotationPhase, RotationRecord } from '../../records.ts'
import type { AuthorityReader, Change } from '../../storage.ts'
import { authoritySubject, CHANGED, conflict, exists } from '../conditions.ts'
import type { Row } from '../row.ts'
import { type Reading, type Step, write } from '../sql.ts'

const PHASES = ['init', 'update-clients', 'update-servers', 'rollback'] as const

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
    rotation: row.has('phase') ? toRotation(row) : undefined,
  }
}

function toRotation(row: Row): RotationRecord {
  return {
    phase: row.oneOf('phase', PHASES),
    since: row.integer('phase_since'),
    startedAt: row.integer('rotation_started_at'),
    signsSince: row.has('signs_since') ? row.integer('signs_since') : undefined,
    lastEndsAt: row.has('last_ends_at') ? row.integer('last_ends_at') : undefined,
  }
}

function toParameters(rotation: RotationRecord | undefined) {
  return {
    phase: rotation?.phase ?? null,
    phase_since: rotation?.since ?? null,
    rotation_started_at: rotation?.startedAt ?? null,
    signs_since: rotation?.signsSince ?? null,
    last_ends_at: rotation?.lastEndsAt ?? null,
  }
}

export function insertAuthority(authority: AuthorityRecord): readonly Step[] {
  return [
    write(
      `INSERT INTO authorities (id, type, public_part, private_key, created_at,
         phase, phase_since, rotation_started_at, signs_since, last_ends_at)
       VALUES (:id, :type, :public_part, :private_key, :created_at,
         :phase, :phase_since, :rotation_started_at, :signs_since, :last_ends_at)
       ON CONFLICT DO NOTHING`,
      {
        id: authority.id,
        type: authority.type,
        public_part: authority.publicPart,
        private_key: authority.privateKey,
        created_at: authority.createdAt,
        ...toParameters(authority.rotation),
      },
      () => exists(authoritySubject(authority.type)),
    ),
  ]
}

export function moveAuthority(
  id: string,
  expected: RotationPhase,
  rotation: RotationRecord | undefined,
): readonly Step[] {
  return [
    write(
      `UPDATE authorities SET phase = :phase, phase_since = :phase_since,
         rotation_started_at = :rotation_started_at, signs_since = :signs_since,
         last_ends_at = :last_ends_at
       WHERE id = :id AND phase = :expected`,
      { id, expected, ...toParameters(rotation) },
      () => conflict(authoritySubject(id), CHANGED),
    ),
  ]
}

export function deleteAuthority(id: string, expected: RotationPhase | undefined): readonly Step[] {
  const refusal = () => conflict(authoritySubject(id), CHANGED)
  return [
    expected === undefined
      ? write('DELETE FROM authorities WHERE id = :id AND phase IS NULL', { id }, refusal)
      : write(
          'DELETE FROM authorities WHERE id = :id AND phase = :expected',
          { id, expected },
          refusal,
        ),
  ]
}

type Reseal = Extract<Change, { readonly kind: 'reseal-keys' }>

export function resealKeys({ authorities, auditKeys }: Reseal): readonly Step[] {
  const refusal = () => conflict('keys', CHANGED)
  return [
    expectCount('authorities', authorities.length),
    expectCount('audit_keys', auditKeys.length),
    ...authorities.map(({ id, privateKey }) =>
      write(
        'UPDATE authorities SET private_key = :private_key WHERE id = :id',
        { id, private_key: privateKey },
        refusal,
      ),
    ),
    ...auditKeys.map(({ publicKey, privateKey }) =>
      write(
        'UPDATE audit_keys SET private_key = :private_key WHERE public_key = :public_key',
        { public_key: publicKey, private_key: privateKey },
        refusal,
      ),
    ),
  ]
}

function expectCount(table: 'authorities' | 'audit_keys', count: number): Step {
  return {
    kind: 'read',
    sql: `SELECT count(*) AS found FROM ${table}`,
    parameters: {},
    refusal: (row) => (row?.integer('found') === count ? undefined : conflict('keys', CHANGED)),
  }
}
