/**
 * How much has happened in the last minute, from a look at the newest events now and then. Sequence
 * numbers have no gaps: where more has happened than a look shows, each event that it shows stands for
 * as many as were passed over.
 */

import { MINUTE } from '../../../base/clock.ts'
import type { AuditEvent } from '../../../gen/mezite/v1/admin_pb.js'
import { toMilliseconds } from '../wire-values.ts'

export interface Activity {
  readonly renewals: number
  readonly joins: number
  readonly logins: number
  readonly refused: number
}

export type ActivityKind = keyof Activity

const KINDS: Readonly<Record<string, ActivityKind>> = {
  'bot.renew': 'renewals',
  'node.renew': 'renewals',
  'bot.join': 'joins',
  'node.join': 'joins',
  'session.start': 'logins',
}

interface Happened {
  readonly time: number
  readonly kind: ActivityKind
  /** How many such events it stands for. */
  readonly weight: number
}

/** What is known of the last minute; begins with `NOTHING_SEEN`. */
export interface Seen {
  /** The newest event looked at. */
  readonly sequence: bigint | undefined
  readonly happened: readonly Happened[]
}

export const NOTHING_SEEN: Seen = { sequence: undefined, happened: [] }

/**
 * @param newest events, newest first
 * @param now the hub's time
 */
export function look(seen: Seen, newest: readonly AuditEvent[], now: number): Seen {
  const since = now - MINUTE
  const head = newest[0]?.sequence ?? 0n
  // After a restore the log may be shorter than it was.
  const before = seen.sequence !== undefined && seen.sequence <= head ? seen : NOTHING_SEEN
  const fresh = newest.filter(
    (event) => event.sequence > (before.sequence ?? 0n) && timeOf(event) > since,
  )
  const weight =
    before.sequence === undefined
      ? firstWeight(fresh, newest, since)
      : weightOf(fresh, head - before.sequence)
  return {
    sequence: head,
    happened: [
      ...before.happened.filter(({ time }) => time > since),
      ...fresh.flatMap((event) => happenedIn(event, weight)),
    ],
  }
}

export function activityOf({ happened }: Seen): Activity {
  const counts = { renewals: 0, joins: 0, logins: 0, refused: 0 }
  for (const { kind, weight } of happened) counts[kind] += weight
  return {
    renewals: Math.round(counts.renewals),
    joins: Math.round(counts.joins),
    logins: Math.round(counts.logins),
    refused: Math.round(counts.refused),
  }
}

function weightOf(shown: readonly AuditEvent[], count: bigint): number {
  return shown.length === 0 ? 0 : Math.max(1, Number(count) / shown.length)
}

/** At the first look, what it shows of the minute stands for the rest of that minute. */
function firstWeight(
  fresh: readonly AuditEvent[],
  newest: readonly AuditEvent[],
  since: number,
): number {
  const [first, last] = [fresh[0], fresh.at(-1)]
  const isWhole = fresh.length < newest.length || last?.sequence === 1n
  if (isWhole || first === undefined || last === undefined) return 1
  const span = Math.max(1, timeOf(first) - timeOf(last))
  return Math.max(1, (timeOf(first) - since) / span)
}

function happenedIn(event: AuditEvent, weight: number): readonly Happened[] {
  const time = timeOf(event)
  if (event.outcome === 'refused') {
    const count = Number(event.fields['count'] ?? 1) || 1
    return [{ time, kind: 'refused', weight: weight * count }]
  }
  const kind = KINDS[event.type]
  return kind === undefined ? [] : [{ time, kind, weight }]
}

function timeOf({ time }: AuditEvent): number {
  return time ? toMilliseconds(time) : 0
}
