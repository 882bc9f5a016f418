import type { SessionEvent as EventMessage } from '../../../gen/mezite/v1/node_pb.js'
import { AuthError } from '../../errors.ts'
import { SESSION_END_REASONS, type SessionEndReason, type SessionEvent } from '../../sessions.ts'
import { optionalTime } from './fields.ts'

/** @throws AuthError `invalid-request` */
export function readSessionEvent(message: EventMessage): SessionEvent {
  const { sessionId: id, ended, login, bot, instanceId, certificateSerial, address } = message
  const time = optionalTime('time', message.time)
  if (time === undefined) throw invalid('time')
  return ended
    ? { kind: 'end', id, time, reason: readReason(message.reason) }
    : { kind: 'start', id, time, login, bot, instanceId, certificateSerial, address }
}

function readReason(text: string): SessionEndReason {
  const reason = SESSION_END_REASONS.find((each) => each === text)
  if (reason === undefined) throw invalid('reason')
  return reason
}

function invalid(field: string): AuthError {
  return new AuthError('invalid-request', `a session's event has no ${field} that is known`)
}
