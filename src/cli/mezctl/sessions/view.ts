import type { Session } from '../../../gen/mezite/v1/node_pb.js'
import type { Listing } from '../listing.ts'
import { timeText } from '../wire-values.ts'

export const sessionListing: Listing<Session> = {
  columns: [
    { header: 'SESSION', cell: (session) => session.id },
    { header: 'NODE', cell: (session) => session.node },
    { header: 'LOGIN', cell: (session) => session.login },
    { header: 'BOT', cell: (session) => session.bot },
    { header: 'ADDRESS', cell: (session) => session.address },
    { header: 'SINCE', cell: (session) => timeText(session.startedAt) ?? '' },
  ],
  toJson: (session) => ({
    id: session.id,
    node: session.node,
    login: session.login,
    bot: session.bot,
    instance_id: session.instanceId,
    certificate_serial: String(session.certificateSerial),
    address: session.address,
    started_at: timeText(session.startedAt),
  }),
  empty: 'No sessions.',
}
