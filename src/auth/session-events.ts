import { formatTime, SECOND } from '../base/clock.ts'
import { formatDuration } from '../base/duration.ts'
import type { AuditEvent } from './audit-event.ts'
import type { Caller } from './caller.ts'
import { type AuthContext, eventBy } from './context.ts'
import type { SessionRecord } from './records.ts'

/** A session as people name it; the agent's own identifier is its own alone. */
export function sessionName({ node, id }: Pick<SessionRecord, 'node' | 'id'>): string {
  return `${node}/${id}`
}

export function startedSession(
  context: Pick<AuthContext, 'clock'>,
  caller: Caller,
  session: SessionRecord,
): AuditEvent {
  return eventBy(context, caller, 'session.start', about(session, {}))
}

/** @param endedAt by the node's clock, as the start was */
export function endedSession(
  context: Pick<AuthContext, 'clock'>,
  caller: Caller,
  session: SessionRecord,
  endedAt: number,
  reason: string,
): AuditEvent {
  const duration = Math.max(0, Math.round((endedAt - session.startedAt) / SECOND)) * SECOND
  const fields = { reason, ended_at: formatTime(endedAt), duration: formatDuration(duration) }
  return eventBy(context, caller, 'session.end', about(session, fields))
}

/** The wish of an administrator; the end itself is the node's to tell. */
export function terminatedSession(
  context: Pick<AuthContext, 'clock'>,
  caller: Caller,
  session: SessionRecord,
): AuditEvent {
  return eventBy(context, caller, 'session.terminate', about(session, {}))
}

function about<Fields extends object>(session: SessionRecord, fields: Fields) {
  const { bot, instanceId, node, login, certificateSerial, address, startedAt } = session
  return {
    bot,
    instanceId,
    fields: {
      session: sessionName(session),
      node,
      login,
      serial: String(certificateSerial),
      client_address: address,
      started_at: formatTime(startedAt),
      ...fields,
    },
  }
}
