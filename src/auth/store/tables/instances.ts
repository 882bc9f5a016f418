import type { InstanceRecord } from '../../records.ts'
import type { InstanceReader } from '../../storage.ts'
import { CHANGED, conflict, exists, instanceSubject, missing } from '../conditions.ts'
import { type Row, storedUnsigned } from '../row.ts'
import { expect, type Reading, type Step, write } from '../sql.ts'
import { expectBotNamed } from './bots.ts'
import { countOf } from './counts.ts'

export function createInstanceReader(database: Reading): InstanceReader {
  return {
    async get(id) {
      const row = await database.get('SELECT * FROM instances WHERE id = :id', { id })
      return row && toInstance(row)
    },
    async listSeenBefore(seenBefore, endsAfter) {
      return (
        await database.all(
          `SELECT * FROM instances
           WHERE last_seen_at < :seen_before AND identity_expires_at > :ends_after
           ORDER BY bot, id`,
          { seen_before: seenBefore, ends_after: endsAfter },
        )
      ).map(toInstance)
    },
    async listForBot(bot) {
      return (
        await database.all('SELECT * FROM instances WHERE bot = :bot ORDER BY joined_at DESC, id', {
          bot,
        })
      ).map(toInstance)
    },
    count: () => countOf(database, 'instances'),
  }
}

export function toInstance(row: Row): InstanceRecord {
  return {
    id: row.text('id'),
    bot: row.text('bot'),
    generation: row.unsigned('generation'),
    keyFingerprint: row.bytes('key_fingerprint'),
    previousKeyFingerprint: row.has('previous_key_fingerprint')
      ? row.bytes('previous_key_fingerprint')
      : undefined,
    sshKeyFingerprint: row.bytes('ssh_key_fingerprint'),
    joinedAt: row.integer('joined_at'),
    lastSeenAt: row.integer('last_seen_at'),
    certificateSerial: row.unsigned('certificate_serial'),
    certificateExpiresAt: row.integer('certificate_expires_at'),
    identityExpiresAt: row.integer('identity_expires_at'),
    renewsAt: row.has('renews_at') ? row.integer('renews_at') : undefined,
    overdueAt: row.has('overdue_at') ? row.integer('overdue_at') : undefined,
    clientVersion: row.text('client_version'),
    clientHost: row.text('client_host'),
    address: row.text('address'),
  }
}

function toParameters(instance: InstanceRecord) {
  return {
    id: instance.id,
    bot: instance.bot,
    generation: storedUnsigned(instance.generation),
    key_fingerprint: instance.keyFingerprint,
    previous_key_fingerprint: instance.previousKeyFingerprint ?? null,
    ssh_key_fingerprint: instance.sshKeyFingerprint,
    joined_at: instance.joinedAt,
    last_seen_at: instance.lastSeenAt,
    certificate_serial: storedUnsigned(instance.certificateSerial),
    certificate_expires_at: instance.certificateExpiresAt,
    identity_expires_at: instance.identityExpiresAt,
    renews_at: instance.renewsAt ?? null,
    overdue_at: instance.overdueAt ?? null,
    client_version: instance.clientVersion,
    client_host: instance.clientHost,
    address: instance.address,
  }
}

export function insertInstance(instance: InstanceRecord): readonly Step[] {
  return [
    expectBotNamed(instance.bot),
    write(
      `INSERT INTO instances (id, bot, generation, key_fingerprint, previous_key_fingerprint,
                              ssh_key_fingerprint, joined_at, last_seen_at, certificate_serial,
                              certificate_expires_at, identity_expires_at, renews_at, overdue_at,
                              client_version, client_host, address)
       VALUES (:id, :bot, :generation, :key_fingerprint, :previous_key_fingerprint,
               :ssh_key_fingerprint, :joined_at, :last_seen_at, :certificate_serial,
               :certificate_expires_at, :identity_expires_at, :renews_at, :overdue_at,
               :client_version, :client_host, :address)
       ON CONFLICT DO NOTHING`,
      toParameters(instance),
      () => exists(instanceSubject(instance.id)),
    ),
  ]
}

/** Compare and swap. The bot of an instance never changes, so it is part of the comparison. */
export function replaceInstance(
  expected: Pick<InstanceRecord, 'generation' | 'keyFingerprint'>,
  instance: InstanceRecord,
): readonly Step[] {
  return [
    write(
      `UPDATE instances
       SET generation = :generation, key_fingerprint = :key_fingerprint,
           previous_key_fingerprint = :previous_key_fingerprint,
           ssh_key_fingerprint = :ssh_key_fingerprint, joined_at = :joined_at,
           last_seen_at = :last_seen_at, certificate_serial = :certificate_serial,
           certificate_expires_at = :certificate_expires_at,
           identity_expires_at = :identity_expires_at, renews_at = :renews_at,
           overdue_at = :overdue_at, client_version = :client_version,
           client_host = :client_host, address = :address
       WHERE id = :id AND bot = :bot AND generation = :expected_generation
         AND key_fingerprint = :expected_fingerprint`,
      {
        ...toParameters(instance),
        expected_generation: storedUnsigned(expected.generation),
        expected_fingerprint: expected.keyFingerprint,
      },
      () => conflict(instanceSubject(instance.id), CHANGED),
    ),
  ]
}

export function expectInstance(bot: string, id: string): Step {
  return expect('SELECT 1 FROM instances WHERE id = :id AND bot = :bot', { id, bot }, () =>
    missing(instanceSubject(id)),
  )
}
