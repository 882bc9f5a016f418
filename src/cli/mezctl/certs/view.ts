import type { Certificate } from '../../../gen/mezite/v1/admin_pb.js'
import type { Listing } from '../listing.ts'
import { timeText } from '../wire-values.ts'

export function certificateJson(certificate: Certificate) {
  const { kind, holder, instanceId, host, generation, serial, keyFingerprint } = certificate
  return {
    kind,
    holder,
    instance_id: instanceId,
    host: host || null,
    generation: generation === 0n ? null : Number(generation),
    serial: String(serial),
    key_fingerprint: keyFingerprint || null,
    principals: certificate.principals,
    issued_at: timeText(certificate.issuedAt),
    expires_at: timeText(certificate.expiresAt),
    renews_at: timeText(certificate.renewsAt),
    state: certificate.state,
  }
}

export const certificateListing: Listing<Certificate> = {
  columns: [
    { header: 'KIND', cell: ({ kind }) => kind },
    { header: 'HOLDER', cell: ({ holder }) => holder },
    { header: 'HOST', cell: ({ host }) => host },
    { header: 'SERIAL', cell: ({ serial }) => String(serial) },
    { header: 'ISSUED', cell: ({ issuedAt }) => timeText(issuedAt) ?? '' },
    { header: 'EXPIRES', cell: ({ expiresAt }) => timeText(expiresAt) ?? '' },
    { header: 'STATE', cell: ({ state }) => state },
    { header: 'PRINCIPALS', cell: ({ principals }) => principals.join(',') },
  ],
  toJson: certificateJson,
  empty: 'No such certificates.',
}
