import type { TrustReportRecord } from '../../records.ts'
import type { TrustReportReader } from '../../storage.ts'
import { type Row, storedUnsigned } from '../row.ts'
import { type Reading, type Step, write } from '../sql.ts'

export function createTrustReportReader(database: Reading): TrustReportReader {
  return {
    async list() {
      return (await database.all('SELECT * FROM trust_reports ORDER BY instance_id')).map(toReport)
    },
  }
}

function toReport(row: Row): TrustReportRecord {
  return {
    instanceId: row.text('instance_id'),
    trustDigest: row.text('trust_digest'),
    hostSerial: row.has('host_serial') ? row.unsigned('host_serial') : undefined,
  }
}

export function putTrustReport(report: TrustReportRecord): readonly Step[] {
  const { instanceId, trustDigest, hostSerial } = report
  return [
    write(
      `INSERT INTO trust_reports (instance_id, trust_digest, host_serial)
       VALUES (:instance_id, :trust_digest, :host_serial)
       ON CONFLICT (instance_id)
       DO UPDATE SET trust_digest = excluded.trust_digest, host_serial = excluded.host_serial`,
      {
        instance_id: instanceId,
        trust_digest: trustDigest,
        host_serial: hostSerial === undefined ? null : storedUnsigned(hostSerial),
      },
    ),
  ]
}

export function clearTrustReports(): readonly Step[] {
  return [write('DELETE FROM trust_reports', {})]
}
