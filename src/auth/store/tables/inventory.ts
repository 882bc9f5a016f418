import type { CertificateIssue } from '../../records.ts'
import type { ExpiryQuery, InventoryReader } from '../../storage.ts'
import { type Row, storedUnsigned } from '../row.ts'
import type { Parameters, Reading } from '../sql.ts'
import { toInstance } from './instances.ts'
import { toNode } from './nodes.ts'

const ISSUE =
  'c.generation AS issue_generation, c.issued_at, c.key_fingerprint AS certified, c.principals'

export function createInventoryReader(database: Reading): InventoryReader {
  return {
    async held(query) {
      const { where, parameters } = conditions(query, 'i.certificate_expires_at', 'i.id', 'i.bot')
      return (
        await database.all(
          `SELECT i.*, ${ISSUE} FROM instances AS i
           LEFT JOIN certificates AS c ON c.serial = i.certificate_serial
           WHERE ${where} ORDER BY i.certificate_expires_at, i.id LIMIT :limit`,
          parameters,
        )
      ).map((row) => ({ instance: toInstance(row), issue: toIssue(row) }))
    },

    async older(query) {
      const { where, parameters } = conditions(query, 'c.expires_at', 'c.serial', 'c.bot')
      const { after } = query
      return (
        await database.all(
          `SELECT c.*, ${ISSUE}, CASE WHEN i.id IS NULL THEN 0 ELSE 1 END AS has_instance
           FROM certificates AS c LEFT JOIN instances AS i ON i.id = c.instance_id
           WHERE ${where} AND i.certificate_serial IS DISTINCT FROM c.serial
           ORDER BY c.expires_at, c.serial LIMIT :limit`,
          { ...parameters, ...(after && { after_id: storedUnsigned(BigInt(after.id)) }) },
        )
      ).map((row) => ({
        serial: row.unsigned('serial'),
        bot: row.text('bot'),
        instanceId: row.text('instance_id'),
        expiresAt: row.integer('expires_at'),
        issue: toIssue(row),
        hasInstance: row.integer('has_instance') === 1,
      }))
    },

    async nodes(query) {
      const { where, parameters } = conditions(query, 'host_certificate_expires_at', 'name')
      return (
        await database.all(
          `SELECT * FROM nodes WHERE ${where}
           ORDER BY host_certificate_expires_at, name LIMIT :limit`,
          parameters,
        )
      ).map(toNode)
    },
  }
}

/** @param bot its column, where there is one; a node is found by its `id`, its name */
function conditions(
  { from, before, after, limit, bot: wantedBot, node }: ExpiryQuery,
  expiry: string,
  id: string,
  bot?: string,
): { readonly where: string; readonly parameters: Parameters } {
  const about =
    bot === undefined
      ? { sql: `${id} = :about`, value: node }
      : { sql: `${bot} = :about`, value: wantedBot }
  const where = [
    `${expiry} >= :from AND ${expiry} < :before`,
    ...(after ? [`(${expiry}, ${id}) > (:after_expiry, :after_id)`] : []),
    ...(about.value === undefined ? [] : [about.sql]),
  ].join(' AND ')
  return {
    where,
    parameters: {
      ...{ from, before, limit },
      ...(after && { after_expiry: after.expiresAt, after_id: after.id }),
      ...(about.value !== undefined && { about: about.value }),
    },
  }
}

function toIssue(row: Row): CertificateIssue | undefined {
  if (!row.has('issued_at')) return undefined
  return {
    generation: row.unsigned('issue_generation'),
    issuedAt: row.integer('issued_at'),
    keyFingerprint: row.bytes('certified'),
    principals: row.texts('principals'),
  }
}
