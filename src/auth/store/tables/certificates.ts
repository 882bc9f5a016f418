import type { CertificateRecord } from '../../records.ts'
import type { CertificateReader } from '../../storage.ts'
import { certificateSubject, exists } from '../conditions.ts'
import { type Row, storedUnsigned } from '../row.ts'
import { type Reading, type Step, write } from '../sql.ts'

/** Without what they certify: there are many. */
const COLUMNS = 'serial, bot, instance_id, expires_at'

export function createCertificateReader(database: Reading): CertificateReader {
  return {
    async listForBot(bot, now) {
      // As stored, the upper half of the serials is negative: see `storedUnsigned`.
      return (
        await database.all(
          `SELECT ${COLUMNS} FROM certificates WHERE bot = :bot AND expires_at > :now
           ORDER BY serial < 0, serial`,
          { bot, now },
        )
      ).map(toCertificate)
    },
    async list(now) {
      return (
        await database.all(`SELECT ${COLUMNS} FROM certificates WHERE expires_at > :now`, { now })
      ).map(toCertificate)
    },
  }
}

function toCertificate(row: Row): CertificateRecord {
  return {
    serial: row.unsigned('serial'),
    bot: row.text('bot'),
    instanceId: row.text('instance_id'),
    expiresAt: row.integer('expires_at'),
  }
}

export function insertCertificate(certificate: CertificateRecord): readonly Step[] {
  const { issue } = certificate
  return [
    write(
      `INSERT INTO certificates (serial, bot, instance_id, expires_at, generation, issued_at,
                                 key_fingerprint, principals)
       VALUES (:serial, :bot, :instance_id, :expires_at, :generation, :issued_at,
               :key_fingerprint, :principals)
       ON CONFLICT DO NOTHING`,
      {
        serial: storedUnsigned(certificate.serial),
        bot: certificate.bot,
        instance_id: certificate.instanceId,
        expires_at: certificate.expiresAt,
        generation: issue ? storedUnsigned(issue.generation) : null,
        issued_at: issue?.issuedAt ?? null,
        key_fingerprint: issue?.keyFingerprint ?? null,
        principals: issue ? JSON.stringify(issue.principals) : null,
      },
      () => exists(certificateSubject(certificate.serial)),
    ),
  ]
}

export function forgetCertificates(expiredBy: number): readonly Step[] {
  return [
    write('DELETE FROM certificates WHERE expires_at <= :expired_by', { expired_by: expiredBy }),
  ]
}
