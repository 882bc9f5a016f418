/** The four lists of `mezctl top`, as tables of texts. */

import { DAY, HOUR, MINUTE, SECOND } from '../../../base/clock.ts'
import { formatDuration } from '../../../base/duration.ts'
import type { AuditEvent, Certificate, Lock } from '../../../gen/mezite/v1/admin_pb.js'
import type { Session } from '../../../gen/mezite/v1/node_pb.js'
import { type Column, formatTable } from '../../table.ts'
import { targetText } from '../lock-view.ts'
import { toMilliseconds } from '../wire-values.ts'
import type { Snapshot } from './snapshot.ts'
import { PANES } from './view.ts'

export interface Pane {
  readonly title: string
  /** Above the rows; without rows a line that says so. */
  readonly header: string
  readonly rows: readonly string[]
}

type Time = { readonly seconds: bigint; readonly nanos: number } | undefined

/** @param now the hub's time */
export function panesOf(snapshot: Snapshot, now: number): readonly Pane[] {
  const [renewals, failures, sessions, locks] = PANES
  return [
    pane(renewals, byRenewal(snapshot.certificates), certificateColumns(now), 'No certificates.'),
    pane(failures, snapshot.failures, failureColumns(now), 'Nothing was refused.'),
    pane(sessions, snapshot.sessions, sessionColumns(now), 'Nobody is in.'),
    pane(locks, newestFirst(snapshot.locks), lockColumns(now), 'No locks.'),
  ]
}

function pane<Row>(
  title: string,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  empty: string,
): Pane {
  if (rows.length === 0) return { title, header: empty, rows: [] }
  const [header = '', ...lines] = formatTable(columns, rows).trimEnd().split('\n')
  return { title, header, rows: lines }
}

/** Who is late comes first, then who is due next; of those that never renew who expires first. */
export function byRenewal(certificates: readonly Certificate[]): readonly Certificate[] {
  const dueAt = ({ renewsAt, expiresAt, state }: Certificate): number => {
    const due = renewsAt ?? expiresAt
    const time = due ? toMilliseconds(due) : Number.MAX_SAFE_INTEGER
    return state === 'overdue' ? time - Number.MAX_SAFE_INTEGER : time
  }
  return certificates.toSorted((a, b) => dueAt(a) - dueAt(b))
}

function newestFirst(locks: readonly Lock[]): readonly Lock[] {
  const time = ({ createdAt }: Lock) => (createdAt ? toMilliseconds(createdAt) : 0)
  return locks.toSorted((a, b) => time(b) - time(a))
}

function certificateColumns(now: number): readonly Column<Certificate>[] {
  return [
    { header: 'HOLDER', cell: ({ holder }) => holder },
    { header: 'HOST', cell: ({ host }) => host },
    { header: 'STATE', cell: ({ state }) => state },
    { header: 'RENEWED', cell: ({ issuedAt }) => ago(issuedAt, now) },
    { header: 'NEXT', cell: ({ renewsAt }) => until(renewsAt, now) },
    { header: 'EXPIRES', cell: ({ expiresAt }) => until(expiresAt, now) },
  ]
}

function failureColumns(now: number): readonly Column<AuditEvent>[] {
  return [
    { header: 'WHEN', cell: ({ time }) => ago(time, now) },
    { header: 'WHAT', cell: ({ type }) => type },
    { header: 'WHO', cell: ({ bot, actor, fields }) => bot || (fields['node'] ?? actor) },
    { header: 'FROM', cell: ({ address }) => address },
    { header: 'REASON', cell: ({ fields }) => fields['reason'] ?? '' },
  ]
}

function sessionColumns(now: number): readonly Column<Session>[] {
  return [
    { header: 'SESSION', cell: ({ id }) => id },
    { header: 'LOGIN', cell: ({ login }) => login },
    { header: 'BOT', cell: ({ bot }) => bot },
    { header: 'FROM', cell: ({ address }) => address },
    { header: 'SINCE', cell: ({ startedAt }) => ago(startedAt, now) },
  ]
}

function lockColumns(now: number): readonly Column<Lock>[] {
  return [
    { header: 'TARGET', cell: targetText },
    { header: 'SINCE', cell: ({ createdAt }) => ago(createdAt, now) },
    { header: 'ENDS', cell: ({ expiresAt }) => until(expiresAt, now) || 'never' },
    { header: 'BY', cell: ({ createdBy }) => createdBy },
    { header: 'MESSAGE', cell: ({ message }) => message },
  ]
}

function ago(time: Time, now: number): string {
  return time ? `${roundDuration(now - toMilliseconds(time))} ago` : ''
}

function until(time: Time, now: number): string {
  if (!time) return ''
  const left = toMilliseconds(time) - now
  return left >= 0 ? `in ${roundDuration(left)}` : `${roundDuration(-left)} late`
}

/** Two units at most: `1d4h`, `12m30s`. */
export function roundDuration(milliseconds: number): string {
  const whole = Math.max(0, milliseconds)
  const unit = whole >= DAY ? HOUR : whole >= HOUR ? MINUTE : SECOND
  return formatDuration(Math.floor(whole / unit) * unit)
}
