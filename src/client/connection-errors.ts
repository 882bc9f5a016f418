/** What a connection that failed says about the other end. */
import { formatDuration } from '../base/duration.ts'
import { messageOf, systemErrorCode } from '../base/errors.ts'
import { HubError } from './identity-hub.ts'

const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: is mezhub running, and is the port right?',
  ENOTFOUND: 'no such name in DNS: check the address for typing errors',
  EAI_AGAIN: 'the name could not be looked up: is the DNS resolver reachable?',
  EHOSTUNREACH: 'there is no way to that machine: check network and firewall',
  ENETUNREACH: 'there is no way to that network: check network and firewall',
  ETIMEDOUT: 'nothing came back: a firewall may drop the packets',
}

/** `cause` ended a connection to `where` before its handshake was over. */
export function connectionError(where: string, cause: unknown): HubError {
  const code = systemErrorCode(cause) ?? ''
  if (code === BUSY_ALERT) return busy(where, cause)
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    return notAHub(where, 'what answers there does not speak TLS 1.3', cause)
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    const message = `${where} closed the connection during the handshake`
    return new HubError('unreachable', message, {
      hint: 'is it the address of a hub? a hub that is overloaded does that too: try again',
      cause,
    })
  }
  return new HubError('unreachable', `cannot connect to ${where}: ${messageOf(cause)}`, {
    hint: HINTS[code] ?? 'check the address and the network',
    cause,
  })
}

/** RFC 8446, section 6.2: "such as a memory allocation failure". The hub sends it in place of an answer. */
const BUSY_ALERT = 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR'

function busy(where: string, cause: unknown): HubError {
  return new HubError('busy', `the hub at ${where} is too busy to take another connection`, {
    hint: 'try again in a few seconds; on its own machine mezctl works all the same',
    cause,
  })
}

export function notAHub(where: string, what: string, cause?: unknown): HubError {
  return new HubError('not-a-hub', `no Mezite hub answers at ${where}: ${what}`, {
    hint: "check the address: the hub's port is 3025 unless it was told otherwise",
    cause,
  })
}

export function timedOut(where: string, timeoutMs: number): HubError {
  const message = `${where} did not answer within ${formatDuration(timeoutMs)}`
  return new HubError('unreachable', message, {
    hint: 'is the hub overloaded, or does a firewall drop the packets?',
  })
}

/** The connection stood, and is gone. */
export function connectionBroke(where: string, cause: unknown): HubError {
  const message = `the connection to ${where} broke: ${messageOf(cause)}`
  return new HubError('unreachable', message, { hint: 'try again', cause })
}
