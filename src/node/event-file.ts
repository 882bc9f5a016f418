/** Session events, and the sessions that are in, as the text of a file and back. */

import type { EndReason, SessionEvent } from '../client/node-hub.ts'
import { asBoolean, asNumber, JsonFields } from '../identity/json-fields.ts'
import type { Session } from './session.ts'
import { parseConnection } from './session-record.ts'

export function encodeEvent(event: SessionEvent): string {
  const { kind, sessionId, time } = event
  const rest =
    event.kind === 'end'
      ? { reason: event.reason }
      : {
          login: event.login,
          bot: event.bot,
          instanceId: event.instanceId,
          certificateSerial: String(event.certificateSerial),
          address: event.address,
        }
  return `${JSON.stringify({ kind, sessionId, time, ...rest })}\n`
}

/** Undefined for what `encodeEvent` has not written. */
export function parseEvent(text: string): SessionEvent | undefined {
  return unlessMalformed(() => {
    const fields = JsonFields.parse(text)
    const sessionId = fields.text('sessionId', String)
    const time = fields.value('time', asNumber)
    const kind = fields.text('kind', parseKind)
    const event: SessionEvent =
      kind === 'end'
        ? { kind, sessionId, time, reason: fields.text('reason', parseReason) }
        : { kind, sessionId, time, ...readWho(fields) }
    fields.end()
    return event
  })
}

export function encodeSession(session: Session): string {
  const { id, bootId, monitor, connection, isLost, startedAt } = session
  const { certificateSerial, login, bot, instanceId, address } = session
  const who = { login, bot, instanceId, certificateSerial: String(certificateSerial), address }
  const process = { pid: monitor.pid, startTicks: String(monitor.startTicks) }
  return `${JSON.stringify({ id, bootId, ...process, connection, isLost, startedAt, ...who })}\n`
}

/** Undefined for what `encodeSession` has not written. */
export function parseSession(text: string): Session | undefined {
  return unlessMalformed(() => {
    const fields = JsonFields.parse(text)
    const session = {
      id: fields.text('id', String),
      bootId: fields.text('bootId', String),
      monitor: {
        pid: fields.value('pid', asNumber),
        startTicks: fields.text('startTicks', BigInt),
      },
      connection: fields.text('connection', parseConnection),
      isLost: fields.value('isLost', asBoolean),
      startedAt: fields.value('startedAt', asNumber),
      ...readWho(fields),
    }
    fields.end()
    return session
  })
}

function readWho(fields: JsonFields) {
  return {
    login: fields.text('login', String),
    bot: fields.text('bot', String),
    instanceId: fields.text('instanceId', String),
    certificateSerial: fields.text('certificateSerial', BigInt),
    address: fields.text('address', String),
  }
}

function parseKind(text: string): SessionEvent['kind'] {
  if (text === 'start' || text === 'end') return text
  throw new SyntaxError('not a kind of event')
}

function parseReason(text: string): EndReason {
  if (text === 'closed' || text === 'lost' || text === 'locked' || text === 'ended') return text
  throw new SyntaxError('not a reason')
}

function unlessMalformed<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
