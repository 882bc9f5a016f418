import { eventJson } from '../audit/view.ts'
import { certificateJson } from '../certs/view.ts'
import { lockJson } from '../lock-view.ts'
import { sessionListing } from '../sessions/view.ts'
import { timeText } from '../wire-values.ts'
import type { Contents } from './frame.ts'
import { byRenewal } from './panes.ts'

/** Keys as in the verbs that list the same. */
export function topJson({ snapshot, activity }: Contents) {
  const { status } = snapshot
  return {
    time: timeText(status.hubTime),
    address: status.publicAddress,
    version: status.version,
    started_at: timeText(status.startedAt),
    bots: Number(status.bots),
    instances: Number(status.instances),
    nodes: Number(status.nodes),
    nodes_online: Number(status.nodesOnline),
    session_count: Number(status.sessions),
    lock_count: Number(status.locks),
    audit_events: Number(status.auditEvents),
    audit_damage: status.audit?.damage || null,
    last_minute: activity,
    certificates: byRenewal(snapshot.certificates).map(certificateJson),
    failures: snapshot.failures.map(eventJson),
    sessions: snapshot.sessions.map(sessionListing.toJson),
    locks: snapshot.locks.map(lockJson),
  }
}
