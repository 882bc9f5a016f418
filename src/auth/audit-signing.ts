/**
 * Signs the audit log as it grows: at the hub's start, after every `EVERY_EVENTS` events, after
 * `EVERY_MS` where there were any, and when the hub stops.
 *
 * Before it signs, the hub follows the chain from the last thing that it signed. So nobody can have
 * it sign a log that was altered in between: it finds that, says so, and signs no more.
 */
import { MINUTE } from '../base/clock.ts'
import { Waker } from '../base/waker.ts'
import { CHAIN_START, type ChainHead } from './audit-chain.ts'
import { type AuditTrust, signStatement, verifyStatement } from './audit-checkpoint.ts'
import { AuditDamage } from './audit-damage.ts'
import type { CheckpointRecord } from './audit-log.ts'
import { createAuditVerifier } from './audit-verifier.ts'
import { decideAndCommit } from './commit.ts'
import { type AuthContext, eventByHub } from './context.ts'
import { AuthError } from './errors.ts'
import { StoreError } from './storage.ts'

const EVERY_EVENTS = 1_000
const EVERY_MS = 5 * MINUTE
const RETRY_MS = MINUTE

/** As many events are followed here; more, as after an upgrade, in a thread of the store's. */
const MOST_FOLLOWED = 10_000
const PAGE = 1_000

export interface AuditSigning {
  readonly trust: AuditTrust
  /** Why the hub signs no more; undefined as long as it does. */
  readonly damage: AuditDamage | undefined
  /**
   * A checkpoint of the newest event, in the store already; the last one, where nothing has happened
   * since. Undefined as long as there is no event.
   *
   * @throws AuthError `audit-damaged`
   */
  checkpoint(): Promise<CheckpointRecord | undefined>
  /** Signs that everything up to an event is pruned. */
  anchorAt(event: ChainHead): CheckpointRecord
  /** Signs at its times, until aborted. */
  run(signal: AbortSignal): Promise<void>
}

export function createAuditSigning(
  context: Pick<AuthContext, 'store' | 'clock' | 'authorities'>,
  onDamage: (damage: AuditDamage) => void = () => {},
): AuditSigning {
  const { store, clock } = context
  const signer = context.authorities.audit
  const { clusterId } = store
  const trust: AuditTrust = { clusterId, keys: [signer.publicKey] }
  const waker = new Waker(clock)
  let lastSigned: ChainHead | undefined
  let damage: AuditDamage | undefined
  let underWay: Promise<CheckpointRecord | undefined> | undefined

  /** The last thing that was signed, or the chain's beginning. What is in memory can't be altered. */
  async function lastTrusted(): Promise<ChainHead> {
    if (lastSigned) return lastSigned
    const stored = await store.audit.checkpointBefore(Number.MAX_SAFE_INTEGER)
    if (stored) verifyStatement(trust, 'checkpoint', stored)
    const anchor = await store.audit.anchor()
    if (anchor) verifyStatement(trust, 'anchor', anchor)
    return stored ?? anchor ?? CHAIN_START
  }

  /** The newest event, as it follows from what was signed. @throws AuditDamage */
  async function follow(): Promise<ChainHead> {
    const from = await lastTrusted()
    const { sequence: newest, hash: newestHash } = await store.audit.head()
    if (newest < from.sequence) throw gone(newest, from.sequence)
    if (newest === from.sequence && !newestHash.equals(from.hash)) throw replaced(newest)
    if (newest - from.sequence > MOST_FOLLOWED) {
      const { last, hash } = await store.audit.verify({
        ...{ trust, held: undefined, onProgress: () => {} },
        signal: new AbortController().signal,
      })
      return { sequence: last, hash }
    }
    const verifier = createAuditVerifier(trust, { head: from })
    let after = from.sequence
    while (after < newest) {
      const page = await store.audit.page({ order: 'oldest-first', after, limit: PAGE })
      for (const event of page.events) verifier.event(event)
      if (page.events.length === 0) throw gone(after, newest)
      after += page.events.length
    }
    const { last, hash } = verifier.end()
    return { sequence: last, hash }
  }

  async function sign(): Promise<CheckpointRecord | undefined> {
    if (damage) throw refusal(damage)
    try {
      const head = await follow()
      if (head.sequence === 0) return undefined
      const stored = await store.audit.checkpointBefore(head.sequence)
      if (stored?.sequence === head.sequence && stored.hash.equals(head.hash)) return stored
      const statement = { ...head, time: clock.now() }
      const checkpoint = signStatement(signer, 'checkpoint', clusterId, statement)
      await decideAndCommit(() =>
        store.commit({ changes: [{ kind: 'insert-checkpoint', checkpoint }], events: [] }),
      )
      lastSigned = head
      return checkpoint
    } catch (error) {
      const found = asDamage(error)
      if (!found) throw error
      damage = found
      onDamage(found)
      await decideAndCommit(() => store.commit({ changes: [], events: [eventOf(found)] }))
      throw refusal(found)
    }
  }

  function eventOf({ code, sequence }: AuditDamage) {
    const fields = { reason: code, sequence: sequence?.toString() }
    return eventByHub(context, 'audit.checkpoint', { fields }, 'refused')
  }

  return {
    trust,
    get damage() {
      return damage
    },

    checkpoint() {
      underWay ??= sign().finally(() => {
        underWay = undefined
      })
      return underWay
    },

    anchorAt: ({ sequence, hash }) =>
      signStatement(signer, 'anchor', clusterId, { sequence, hash, time: clock.now() }),

    async run(signal) {
      let unsigned = 0
      let wait = 0
      const stop = store.changes.subscribe((_changes, events) => {
        unsigned += events.length
        if (unsigned >= EVERY_EVENTS) waker.wake()
      })
      while (!signal.aborted) {
        await waker.wait(wait, signal)
        if (signal.aborted) break
        const counted = unsigned
        unsigned = 0
        wait = await this.checkpoint().then(
          () => EVERY_MS,
          (error: unknown) => {
            // The store's own trouble, or what was said already.
            if (!(error instanceof AuthError || error instanceof StoreError)) throw error
            unsigned += counted
            return RETRY_MS
          },
        )
      }
      stop()
    },
  }
}

/** What a row holds that no hub has written is damage as well. */
function asDamage(error: unknown): AuditDamage | undefined {
  if (error instanceof AuditDamage) return error
  if (!(error instanceof StoreError) || error.code !== 'damaged') return undefined
  return new AuditDamage('malformed', undefined, error.message, { cause: error })
}

function replaced(sequence: number): AuditDamage {
  const message = `event ${sequence} is not the one that the hub signed`
  return new AuditDamage('contradiction', sequence, message)
}

function gone(after: number, newest: number): AuditDamage {
  const message = `the events from ${after + 1} to ${newest} are missing`
  return new AuditDamage('missing', after + 1, message)
}

function refusal(damage: AuditDamage): AuthError {
  return new AuthError('audit-damaged', `the audit log is damaged: ${damage.message}`, {
    hint: 'keep a copy of the data directory, and compare with exports: mezctl audit verify FILE',
    cause: damage,
  })
}
