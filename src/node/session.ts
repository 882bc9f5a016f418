/** One login that came in with a certificate of the cluster, as long as it is in. */
import type { EndReason, SessionEvent } from '../client/node-hub.ts'
import type { ProcessId } from './proc.ts'

export interface Session {
  /** Unique on its node for ever: made of the machine's boot, the monitor and the certificate. */
  readonly id: string
  readonly bootId: string
  /** sshd's privileged process of the session. */
  readonly monitor: ProcessId
  /** Both ends of its connection, as SSH_CONNECTION has them (ssh(1)); empty where that isn't known. */
  readonly connection: string
  /** Its monitor has gone: it was told to have ended, but what it has started is still there. */
  readonly isLost: boolean
  readonly login: string
  readonly bot: string
  readonly instanceId: string
  readonly certificateSerial: bigint
  readonly address: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
}

export function startOf(session: Session): SessionEvent {
  const { id, login, bot, instanceId, certificateSerial, address, startedAt } = session
  const who = { login, bot, instanceId, certificateSerial, address }
  return { kind: 'start', sessionId: id, time: startedAt, ...who }
}

export function endOf({ id }: Session, time: number, reason: EndReason): SessionEvent {
  return { kind: 'end', sessionId: id, time, reason }
}
