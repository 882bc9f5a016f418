/** What every issue of certificates leaves behind: in the instance's record and in the audit log. */
import type { Caller } from './caller.ts'
import type { CheckedRequest, IssuedIdentity } from './issuing.ts'
import type { InstanceRecord } from './records.ts'
import type { Change } from './storage.ts'

/** Every certificate is on record from the act that issued it, so that a lock can revoke it. */
export function onRecord(
  issued: IssuedIdentity,
  { sshKeyFingerprint: keyFingerprint }: CheckedRequest,
): Change {
  const { serial, bot, instanceId, certificateExpiresAt: expiresAt } = issued
  const { generation, hubTime: issuedAt, principals } = issued
  const issue = { generation, issuedAt, keyFingerprint, principals }
  return { kind: 'insert-certificate', certificate: { serial, bot, instanceId, expiresAt, issue } }
}

export function lastSeen(
  caller: Caller,
  issued: IssuedIdentity,
  request: CheckedRequest,
): Pick<
  InstanceRecord,
  | 'lastSeenAt'
  | 'certificateSerial'
  | 'certificateExpiresAt'
  | 'identityExpiresAt'
  | 'renewsAt'
  | 'overdueAt'
  | 'clientVersion'
  | 'clientHost'
  | 'address'
> {
  return {
    lastSeenAt: issued.hubTime,
    certificateSerial: issued.serial,
    certificateExpiresAt: issued.certificateExpiresAt,
    identityExpiresAt: issued.identityExpiresAt,
    renewsAt: issued.renewsAt,
    overdueAt: issued.overdueAt,
    clientVersion: request.clientVersion,
    clientHost: request.clientHost,
    address: caller.address,
  }
}

/** What the audit log says of it. */
export function aboutIssue<Fields extends object>(issued: IssuedIdentity, fields: Fields) {
  return {
    bot: issued.bot,
    instanceId: issued.instanceId,
    fields: {
      generation: String(issued.generation),
      serial: String(issued.serial),
      ...fields,
    },
  }
}
