/**
 * Rotates the CAs: takes the steps of rotation.ts, each one commit with its event. What is signed changes
 * before the commit, so that everything of before is older than the step; both CAs are trusted then, so
 * a commit that fails takes nothing back that anybody was given.
 */
import { SECOND } from '../base/clock.ts'
import type { Attendance } from './attendance.ts'
import { applyToAuthorities, inPlace, onItsWayIn } from './authorities.ts'
import type { BotCaller, Caller, NodeCaller } from './caller.ts'
import { decideAndCommit } from './commit.ts'
import { type AuthContext, eventBy } from './context.ts'
import { AuthError } from './errors.ts'
import { type Laggard, laggards } from './laggards.ts'
import { RateTable, RENEWAL_RATE, requireRate } from './rate.ts'
import type { AuthorityRecord, AuthorityType, RotationPhase, RotationRecord } from './records.ts'
import {
  isOfTheLeaving,
  isSignedByTheNew,
  moved,
  nextSteps,
  type RotationStep,
} from './rotation.ts'
import type { Change } from './storage.ts'

export interface RotationState {
  readonly type: AuthorityType
  /** Undefined: none is under way. */
  readonly rotation: RotationRecord | undefined
  readonly next: RotationStep
  /** For whom the next step waits. */
  readonly waitingFor: readonly Laggard[]
}

export interface RotationRequest {
  readonly type: AuthorityType
  /** Undefined: the next one. */
  readonly to: RotationStep | undefined
  readonly force: boolean
}

/** What somebody who is connected has to do for a rotation. */
export interface RotationDuties {
  /** To say which trust is in effect. */
  readonly reportTrust: boolean
  /** To renew within this; undefined: as planned. */
  readonly renewWithinMs: number | undefined
}

export interface Rotations {
  state(type: AuthorityType): Promise<RotationState>
  /**
   * Takes a step; one that is taken already changes nothing.
   *
   * @throws AuthError `invalid-request` for a step that doesn't follow, `in-use` where somebody hasn't
   *   followed
   */
  rotate(caller: Caller, request: RotationRequest): Promise<RotationState>
  /** Undefined while no CA is rotated. */
  duties(caller: BotCaller | NodeCaller): RotationDuties | undefined
  /**
   * Takes what the caller says of its files.
   *
   * @param trustDigest in hexadecimal
   * @param hostSerial of the host certificate that a node serves
   * @throws AuthError `rate-limited`
   */
  report(
    caller: BotCaller | NodeCaller,
    trustDigest: string,
    hostSerial: bigint | undefined,
  ): Promise<void>
  readonly attendance: Attendance
}

/** Renewals that are asked for are spread: so many of them come in a second. */
const RENEWALS_A_SECOND = 100

export function createRotations(
  context: Pick<AuthContext, 'store' | 'clock' | 'authorities'>,
  attendance: Attendance,
): Rotations {
  const { store, clock, authorities } = context

  const rotationOf = (type: AuthorityType) => onItsWayIn(authorities.records, type)

  const isAnyUnderWay = () => authorities.records.some(({ rotation }) => rotation !== undefined)

  async function state(type: AuthorityType): Promise<RotationState> {
    const incoming = rotationOf(type)
    const [next = 'init'] = nextSteps(incoming?.rotation?.phase)
    const waitingFor = incoming?.rotation
      ? await laggards({ ...context, attendance }, incoming, incoming.rotation, next)
      : []
    return { type, rotation: incoming?.rotation, next, waitingFor }
  }

  /** What was signed in this very millisecond was signed before. */
  const afterNow = () => clock.now() + 1

  async function begin(caller: Caller, type: AuthorityType): Promise<void> {
    const now = clock.now()
    const authority: AuthorityRecord = {
      ...authorities.draw(type),
      rotation: {
        ...{ phase: 'init', since: now, startedAt: now },
        ...{ signsSince: undefined, lastEndsAt: undefined },
      },
    }
    await store.commit({
      changes: [{ kind: 'insert-authority', authority }],
      events: [event(caller, authority, 'init', 0)],
    })
  }

  async function move(
    caller: Caller,
    incoming: AuthorityRecord & { readonly rotation: RotationRecord },
    phase: RotationPhase,
    passedOver: number,
  ): Promise<void> {
    const { type, id, rotation } = incoming
    const flips = isSignedByTheNew(type, rotation.phase) !== isSignedByTheNew(type, phase)
    const planned = moved(type, rotation, phase, afterNow(), rotation.lastEndsAt)
    if (flips) authorities.adopt(withRotation(authorities.records, id, planned))
    try {
      const lastEndsAt = type === 'user' && flips ? await lastCertificateEnd() : rotation.lastEndsAt
      const next = moved(type, rotation, phase, afterNow(), lastEndsAt)
      await store.commit({
        changes: [{ kind: 'move-authority', id, expected: rotation.phase, rotation: next }],
        events: [event(caller, incoming, phase, passedOver)],
      })
    } catch (error) {
      if (flips) authorities.adopt(withRotation(authorities.records, id, rotation))
      throw error
    }
  }

  /** Of all SSH certificates that are out. Those of acts under way are on record after another act. */
  async function lastCertificateEnd(): Promise<number | undefined> {
    await store.commit({ changes: [], events: [] })
    const out = await store.certificates.list(clock.now())
    return out.reduce<number | undefined>(
      (last, { expiresAt }) => Math.max(last ?? expiresAt, expiresAt),
      undefined,
    )
  }

  async function finish(
    caller: Caller,
    incoming: AuthorityRecord & { readonly rotation: RotationRecord },
    passedOver: number,
  ): Promise<void> {
    const { type, id, rotation } = incoming
    const { phase } = rotation
    const old = inPlace(authorities.records, type)
    const changes: readonly Change[] =
      phase === 'rollback'
        ? [{ kind: 'delete-authority', id, expected: phase }]
        : [
            { kind: 'delete-authority', id: old.id, expected: undefined },
            { kind: 'move-authority', id, expected: phase, rotation: undefined },
          ]
    await store.commit({
      // They were about a trust that is another now.
      changes: [...changes, { kind: 'clear-trust-reports' }],
      events: [event(caller, incoming, 'done', passedOver)],
    })
  }

  function event(
    caller: Caller,
    { type, id, rotation }: AuthorityRecord,
    phase: RotationStep,
    passedOver: number,
  ) {
    return eventBy(context, caller, 'ca.rotate', {
      fields: {
        authority: type,
        id,
        phase,
        phase_before: phase === 'init' ? undefined : rotation?.phase,
        passed_over: passedOver > 0 ? String(passedOver) : undefined,
      },
    })
  }

  async function step(caller: Caller, { type, to, force }: RotationRequest): Promise<void> {
    const incoming = rotationOf(type)
    const rotation = incoming?.rotation
    const steps = nextSteps(rotation?.phase)
    const wanted = to ?? steps[0] ?? 'init'
    if (wanted === rotation?.phase) return
    if (!steps.includes(wanted)) throw outOfOrder(type, rotation?.phase, wanted, steps)
    if (incoming === undefined || rotation === undefined) return begin(caller, type)
    const behind = await laggards({ ...context, attendance }, incoming, rotation, wanted)
    if (behind.length > 0 && !force) throw notFollowed(behind, wanted)
    const moving = { ...incoming, rotation }
    if (wanted === 'done') return finish(caller, moving, behind.length)
    await move(caller, moving, wanted, behind.length)
  }

  const reports = new RateTable(RENEWAL_RATE)
  let underWay: Promise<void> = Promise.resolve()

  return {
    attendance,
    state,

    async rotate(caller, request) {
      // One after the other: each rests on what the one before has left.
      const taken = underWay.then(() => decideAndCommit(() => step(caller, request)))
      underWay = taken.catch(() => {})
      await taken
      return state(request.type)
    },

    async report({ instanceId }, trustDigest, hostSerial) {
      requireRate(reports, instanceId, clock.monotonic(), 'reports of this machine')
      // Whoever is late with it has nobody waiting.
      if (!isAnyUnderWay()) return
      const report = { instanceId, trustDigest, hostSerial }
      await decideAndCommit(() =>
        store.commit({ changes: [{ kind: 'put-trust-report', report }], events: [] }),
      )
    },

    duties({ kind, issuedAt }) {
      const types = kind === 'bot' ? (['user', 'tls'] as const) : (['host', 'tls'] as const)
      if (!isAnyUnderWay()) return undefined
      const isOld = types.some((type) => {
        const rotation = rotationOf(type)?.rotation
        // A certificate tells its issue in whole seconds.
        const times = [issuedAt, issuedAt + SECOND - 1]
        return rotation && times.some((time) => isOfTheLeaving(rotation, time))
      })
      return {
        reportTrust: true,
        renewWithinMs: isOld ? (attendance.size / RENEWALS_A_SECOND) * SECOND : undefined,
      }
    },
  }
}

function withRotation(
  records: readonly AuthorityRecord[],
  id: string,
  rotation: RotationRecord,
): readonly AuthorityRecord[] {
  return applyToAuthorities(records, {
    ...{ kind: 'move-authority', id, expected: rotation.phase, rotation },
  })
}

function outOfOrder(
  type: AuthorityType,
  phase: RotationPhase | undefined,
  wanted: RotationStep,
  steps: readonly RotationStep[],
): AuthError {
  const where =
    phase === undefined
      ? `no rotation of the ${type} CA is under way`
      : `the rotation of the ${type} CA is in phase ${phase}`
  return new AuthError('invalid-request', `${where}: ${wanted} can't follow`, {
    hint: `what can: ${steps.join(' or ')}`,
  })
}

function notFollowed(behind: readonly Laggard[], step: RotationStep): AuthError {
  const named = behind.slice(0, 3).map(({ kind, name, reason }) => `${kind} ${name} ${reason}`)
  const more = behind.length > 3 ? `, and ${behind.length - 3} more` : ''
  return new AuthError('in-use', `${step} would come too early: ${named.join(', ')}${more}`, {
    hint: 'mezctl ca status shows them all; wait for them with --wait, or go on without them: --force',
  })
}
