/**
 * Follows a log from its beginning, event by event and checkpoint by checkpoint, and stops at the
 * first thing that isn't as the hub wrote it.
 *
 * What passes proves this: every event up to the last checkpoint is what the hub had written when it
 * signed, none altered, left out, put in or moved; the events after it are one chain with them, but
 * nobody has signed them yet. It doesn't prove that the log goes on to the newest event (whoever cuts
 * it off at a checkpoint leaves a log that passes): for that, compare with a checkpoint that was kept
 * elsewhere.
 */
import { CHAIN_START, type ChainHead, chainHash } from './audit-chain.ts'
import { type AuditTrust, verifyStatement } from './audit-checkpoint.ts'
import { AuditDamage } from './audit-damage.ts'
import { EVENT_VERSION, type StoredAuditEvent } from './audit-event.ts'
import type { CheckpointRecord } from './audit-log.ts'

export interface AuditBeginning {
  /** The last event before what is verified: by default there is none. */
  readonly head?: ChainHead | undefined
  /** That everything up to there was pruned. */
  readonly anchor?: CheckpointRecord | undefined
}

export interface Verified {
  /** What the log says of where it begins. */
  readonly begins: 'at-first-event' | 'at-anchor' | 'within'
  readonly first: number
  readonly last: number
  /** Of the last event. */
  readonly hash: Buffer
  readonly events: number
  readonly checkpoints: number
  /** The last checkpoint that passed; undefined where there was none. */
  readonly signed: Pick<CheckpointRecord, 'sequence' | 'time'> | undefined
}

export interface AuditVerifier {
  /** The events in their order. @throws AuditDamage */
  event(event: StoredAuditEvent): void
  /**
   * Each after the event that it is of, at once or, as where a log is written while it grows, not
   * more than `MOST_LATE` events later.
   *
   * @throws AuditDamage
   */
  checkpoint(checkpoint: CheckpointRecord): void
  /** @throws AuditDamage where the log didn't come to the checkpoint that is held */
  end(): Verified
}

const MOST_LATE = 8_192

/**
 * @param held a checkpoint that was kept elsewhere: the log must contain what it says
 * @throws AuditDamage for an anchor or a held checkpoint that isn't this log's
 */
export function createAuditVerifier(
  trust: AuditTrust,
  { head: before = CHAIN_START, anchor }: AuditBeginning = {},
  held?: CheckpointRecord,
): AuditVerifier {
  if (anchor) verifyStatement(trust, 'anchor', anchor)
  if (held) verifyStatement(trust, 'checkpoint', held)
  const begins = beginningOf(before, anchor)
  let { sequence, hash } = before
  const recent: Buffer[] = [hash]
  let isHeldMet = false
  let checkpoints = 0
  let signed: CheckpointRecord | undefined

  const compare = (checkpoint: CheckpointRecord) => {
    const real = recent[(checkpoint.sequence - before.sequence) % MOST_LATE]
    if (real?.equals(checkpoint.hash)) return
    throw contradiction(checkpoint.sequence, signed?.sequence ?? before.sequence)
  }
  const meetHeld = () => {
    if (held?.sequence !== sequence) return
    compare(held)
    isHeldMet = true
  }
  meetHeld()

  return {
    event(event) {
      const expected = sequence + 1
      if (event.sequence !== expected) throw outOfOrder(event.sequence, expected)
      if (event.version !== EVENT_VERSION) throw unknownVersion(event)
      const real = chainHash(hash, event)
      if (!real.equals(event.hash)) throw altered(expected)
      sequence = expected
      hash = real
      recent[(sequence - before.sequence) % MOST_LATE] = real
      meetHeld()
    },

    checkpoint(checkpoint) {
      verifyStatement(trust, 'checkpoint', checkpoint)
      if (checkpoint.sequence > sequence) throw missing(sequence + 1, checkpoint.sequence)
      if (checkpoint.sequence < Math.max(before.sequence, sequence - MOST_LATE + 1)) {
        const message = `the checkpoint of event ${checkpoint.sequence} stands after event ${sequence}`
        throw new AuditDamage('misplaced', checkpoint.sequence, message)
      }
      compare(checkpoint)
      if (checkpoint.sequence >= (signed?.sequence ?? 0)) signed = checkpoint
      checkpoints += 1
    },

    end() {
      if (held && !isHeldMet) {
        throw held.sequence > sequence
          ? cutOff(sequence, held.sequence)
          : notCovered(before.sequence, held.sequence)
      }
      const events = sequence - before.sequence
      const range = { first: before.sequence + 1, last: sequence, hash, events }
      return { begins, ...range, checkpoints, signed }
    },
  }
}

function beginningOf(
  { sequence, hash }: ChainHead,
  anchor: CheckpointRecord | undefined,
): Verified['begins'] {
  if (anchor?.sequence === sequence) {
    if (anchor.hash.equals(hash)) return 'at-anchor'
    throw new AuditDamage(
      'contradiction',
      sequence,
      `the log does not begin with what the hub pruned up to event ${sequence}`,
    )
  }
  if (sequence > 0) return 'within'
  if (CHAIN_START.hash.equals(hash)) return 'at-first-event'
  throw altered(1)
}

function contradiction(sequence: number, lastSigned: number): AuditDamage {
  const events = `the events from ${lastSigned + 1} to ${sequence}`
  const message = `${events} are not those that the hub signed: at least one was altered`
  return new AuditDamage('contradiction', sequence, message)
}

function outOfOrder(found: number, expected: number): AuditDamage {
  if (found > expected) return missing(expected, found - 1)
  const message = `event ${found} stands where event ${expected} belongs: it was inserted, repeated or moved`
  return new AuditDamage('misplaced', found, message)
}

function missing(first: number, last: number): AuditDamage {
  const what = first === last ? `event ${first} is` : `events ${first} to ${last} are`
  return new AuditDamage('missing', first, `${what} missing`)
}

function altered(sequence: number): AuditDamage {
  const what = `event ${sequence} was altered, or the hash of the event before it`
  return new AuditDamage('altered', sequence, what)
}

function unknownVersion({ sequence, version }: StoredAuditEvent): AuditDamage {
  const message = `event ${sequence} is of version ${version}, which this program does not know`
  return new AuditDamage('unknown-version', sequence, message, {
    hint: 'verify with the version of Mezite that wrote it, or a newer one',
  })
}

function cutOff(last: number, held: number): AuditDamage {
  const message = `the log ends with event ${last}; the checkpoint that you hold is of event ${held}`
  return new AuditDamage('missing', last + 1, message, {
    hint: 'it was cut off, or the hub was restored from an older backup, or this is an older export',
  })
}

function notCovered(before: number, held: number): AuditDamage {
  const message = `the checkpoint that you hold is of event ${held}; what is verified begins after event ${before}`
  return new AuditDamage('not-covered', held, message, {
    hint: 'compare with a newer checkpoint, or with an export that reaches back',
  })
}
