/** All that one refresh asks of the hub: seven calls, each of a page that is bounded. */

import type { AdminClient } from '../../../client/admin-client.ts'
import type {
  AuditEvent,
  Certificate,
  GetStatusResponse,
  Lock,
} from '../../../gen/mezite/v1/admin_pb.js'
import type { Session } from '../../../gen/mezite/v1/node_pb.js'
import type { CallOptions } from '../connection.ts'

export interface Snapshot {
  readonly status: GetStatusResponse
  /** Of bots and of nodes, each those that expire soonest. */
  readonly certificates: readonly Certificate[]
  /** Newest first, all three. */
  readonly events: readonly AuditEvent[]
  readonly failures: readonly AuditEvent[]
  readonly sessions: readonly Session[]
  readonly locks: readonly Lock[]
}

/** Whoever renews more often than that is counted by them: see activity.ts. */
const EVENTS = 200

/** @param limit of each list */
export async function takeSnapshot(
  { status, audit, certificates, sessions, locks }: AdminClient,
  limit: number,
  options: CallOptions,
): Promise<Snapshot> {
  const held = (kind: string) =>
    certificates.listCertificates({ kind, pageSize: limit }, options).then((page) => {
      return page.certificates
    })
  const refused = { filter: { outcome: 'refused' }, pageSize: limit }
  const [now, ofBots, ofNodes, newest, failures, open, locked] = await Promise.all([
    status.getStatus({}, options),
    ...[held('user'), held('host')],
    audit.listEvents({ pageSize: EVENTS }, options),
    audit.listEvents(refused, options),
    sessions.listSessions({ limit }, options),
    locks.listLocks({}, options),
  ] as const)
  return {
    status: now,
    certificates: [...ofBots, ...ofNodes],
    events: newest.events,
    failures: failures.events,
    sessions: open.sessions,
    locks: locked.locks,
  }
}
