import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { AuditEvent, AuditEventType, AuditOutcome } from './audit-event.ts'
import type { Authorities } from './authorities.ts'
import type { AccessBoard } from './board/board.ts'
import type { Caller } from './caller.ts'
import { actorOf } from './caller.ts'
import type { Store } from './storage.ts'

/** What every act of the hub works with. */
export interface AuthContext {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly authorities: Authorities
  /** Where bots find the hub: HOST:PORT. Known once it listens. */
  readonly publicAddress: () => string
}

/** The same with the board, for the acts that rest on who may enter where. */
export interface BoardContext extends AuthContext {
  readonly board: AccessBoard
}

/** An event of this caller's, now. */
export function eventBy(
  context: Pick<AuthContext, 'clock'>,
  caller: Caller,
  type: AuditEventType,
  about: Pick<AuditEvent, 'bot' | 'instanceId' | 'fields'> = {},
  outcome: AuditOutcome = 'success',
): AuditEvent {
  return {
    time: context.clock.now(),
    type,
    outcome,
    actor: actorOf(caller),
    address: caller.address,
    ...about,
  }
}
