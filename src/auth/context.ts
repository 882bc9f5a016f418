import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { AboutEvent, AuditEventType, AuditOutcome, TypeWith } from './audit-catalogue.ts'
import type { AuditEvent } from './audit-event.ts'
import type { Authorities } from './authorities.ts'
import type { AccessBoard } from './board/board.ts'
import type { Caller } from './caller.ts'
import { actorOf } from './caller.ts'
import type { RecentGenerations } from './recent-generations.ts'
import type { RestoreRecord } from './records.ts'
import type { RefusalLog } from './refusal-log.ts'
import type { RenewalTimes } from './renewal-times.ts'
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

/** The same for what bots and nodes do: their refusals are recorded, their renewals spread and remembered. */
export interface LineageContext extends BoardContext {
  readonly refusals: RefusalLog
  readonly renewalTimes: RenewalTimes
  readonly recent: RecentGenerations
  /** Of this store, up to now: none comes while the hub runs. */
  readonly restores: readonly RestoreRecord[]
}

interface Timed {
  readonly clock: Pick<Clock, 'now'>
}

/** An event of this caller's, now: what has to be said of it stands in the catalogue. */
export function eventBy<Type extends TypeWith<'success'>>(
  context: Timed,
  caller: Caller,
  type: Type,
  about: AboutEvent<Type, 'success'>,
): AuditEvent
export function eventBy<Type extends TypeWith<'refused'>>(
  context: Timed,
  caller: Caller,
  type: Type,
  about: AboutEvent<Type, 'refused'>,
  outcome: 'refused',
): AuditEvent
export function eventBy(
  { clock }: Timed,
  caller: Caller,
  type: AuditEventType,
  about: LooseAbout,
  outcome: AuditOutcome = 'success',
): AuditEvent {
  const { address } = caller
  return { time: clock.now(), type, outcome, actor: actorOf(caller), address, ...given(about) }
}

/** An event of the hub's own doing, now. */
export function eventByHub<Type extends TypeWith<'success'>>(
  context: Timed,
  type: Type,
  about: AboutEvent<Type, 'success'>,
): AuditEvent
export function eventByHub<Type extends TypeWith<'refused'>>(
  context: Timed,
  type: Type,
  about: AboutEvent<Type, 'refused'>,
  outcome: 'refused',
): AuditEvent
export function eventByHub(
  { clock }: Timed,
  type: AuditEventType,
  about: LooseAbout,
  outcome: AuditOutcome = 'success',
): AuditEvent {
  const time = clock.now()
  return { time, type, outcome, actor: 'hub', address: '', ...given(about) }
}

interface LooseAbout {
  readonly bot?: string | undefined
  readonly instanceId?: string | undefined
  readonly fields?: Readonly<Record<string, string | undefined>>
}

/** Without the fields that have nothing to say. */
function given({ bot, instanceId, fields = {} }: LooseAbout) {
  const named = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  return {
    ...(bot !== undefined && { bot }),
    ...(instanceId !== undefined && { instanceId }),
    ...(named.length > 0 && { fields: Object.fromEntries(named) }),
  }
}
