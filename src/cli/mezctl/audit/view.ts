import type { AuditEvent } from '../../../gen/mezite/v1/admin_pb.js'
import type { Listing } from '../listing.ts'
import { timeText } from '../wire-values.ts'

export function eventJson(event: AuditEvent) {
  return {
    sequence: Number(event.sequence),
    time: timeText(event.time),
    type: event.type,
    code: event.code,
    outcome: event.outcome,
    actor: event.actor,
    address: event.address || null,
    bot: event.bot || null,
    instance_id: event.instanceId || null,
    fields: event.fields,
    hash: Buffer.from(event.hash).toString('hex'),
  }
}

export const eventListing: Listing<AuditEvent> = {
  columns: [
    { header: 'TIME', cell: (event) => timeText(event.time) ?? '' },
    { header: 'CODE', cell: (event) => event.code },
    { header: 'TYPE', cell: (event) => event.type },
    { header: 'OUTCOME', cell: (event) => event.outcome },
    { header: 'ACTOR', cell: (event) => event.actor },
    { header: 'ADDRESS', cell: (event) => event.address },
    { header: 'DETAILS', cell: detailsOf },
  ],
  toJson: eventJson,
  empty: 'No such events.',
}

function detailsOf({ bot, instanceId, fields }: AuditEvent): string {
  const known = { ...(bot && { bot }), ...(instanceId && { instance: instanceId }) }
  return Object.entries({ ...known, ...fields })
    .map(([key, value]) => `${key}=${/^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)}`)
    .join(' ')
}
