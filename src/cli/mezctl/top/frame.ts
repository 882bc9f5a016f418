/** What `mezctl top` shows, as lines: pure, of a size that is given. */

import { formatTime } from '../../../base/clock.ts'
import { printable } from '../../printable.ts'
import { counted, toMilliseconds } from '../wire-values.ts'
import type { Activity } from './activity.ts'
import { type Pane, panesOf, roundDuration } from './panes.ts'
import { shareLines } from './share-lines.ts'
import type { Snapshot } from './snapshot.ts'
import type { View } from './view.ts'

export interface Contents {
  readonly snapshot: Snapshot
  readonly activity: Activity
  /** Why there is nothing newer. */
  readonly problem?: string | undefined
}

export interface Size {
  readonly columns: number
  readonly rows: number
}

const KEYS = 'q quit   tab next list   arrows scroll'

/** The whole of it, for a file or a pipe. */
export function formatOnce(contents: Contents): string {
  const panes = panesOf(contents.snapshot, timeOf(contents.snapshot))
  const lists = panes.flatMap(({ title, header, rows }) => ['', title, header, ...rows])
  return [...summary(contents), ...lists].map((line) => `${line}\n`).join('')
}

/**
 * As many lines as there are rows, none of them longer than the terminal is wide.
 *
 * @param styles whether bold and reversed type can be used
 */
export function formatFrame(
  contents: Contents,
  view: View,
  size: Size,
  styles: boolean,
): readonly string[] {
  const { panes, heights } = layOut(contents, view, size)
  const style = styler(size.columns, styles)
  const head = [...summary(contents), contents.problem ?? ''].map((line) => style.plain(line))
  const body = panes.flatMap((pane, i) => paneLines(pane, heights[i] ?? 0, i, view, style))
  const room = Math.max(0, size.rows - 1)
  const top = [...head, ...body].slice(0, room)
  const blank = Array.from({ length: room - top.length }, () => '')
  return [...top, ...blank, style.plain(KEYS)]
}

/** How far the list in focus can be scrolled. */
export function lastScroll(contents: Contents, view: View, size: Size): number {
  const { panes, heights } = layOut(contents, view, size)
  return Math.max(0, (panes[view.focus]?.rows.length ?? 0) - roomFor(heights[view.focus] ?? 0))
}

/** Three lines of summary and one for what is wrong; the keys at the bottom. */
const AROUND = 5
/** A pane's title and its header. */
const ABOVE = 2

function layOut({ snapshot }: Contents, { focus }: View, { rows }: Size) {
  const panes = panesOf(snapshot, timeOf(snapshot))
  const wants = panes.map((pane) => ABOVE + pane.rows.length)
  return { panes, heights: shareLines(Math.max(0, rows - AROUND), wants, focus) }
}

function roomFor(height: number): number {
  return Math.max(0, height - ABOVE)
}

/** By the hub's clock: everything is told by it. */
export function timeOf({ status }: Snapshot): number {
  return status.hubTime ? toMilliseconds(status.hubTime) : 0
}

function summary({ snapshot, activity }: Contents): readonly string[] {
  const { status } = snapshot
  const now = timeOf(snapshot)
  const started = status.startedAt ? toMilliseconds(status.startedAt) : now
  const bots = `${counted(status.bots, 'bot')}, ${counted(status.instances, 'instance')}`
  const nodes = `${counted(status.nodes, 'node')}, ${status.nodesOnline} online`
  const rest = [counted(status.sessions, 'session'), counted(status.locks, 'lock')]
  const damage = status.audit?.damage ? `   AUDIT LOG DAMAGED: ${status.audit.damage}` : ''
  return [
    `${status.publicAddress}   ${formatTime(now)}   up ${roundDuration(now - started)}`,
    `${bots}   ${nodes}   ${rest.join('   ')}   ${counted(status.auditEvents, 'audit event')}`,
    `last minute: ${activityText(activity)}${damage}`,
  ].map(printable)
}

function activityText({ renewals, joins, logins, refused }: Activity): string {
  const parts = [counted(renewals, 'renewal'), counted(joins, 'join'), counted(logins, 'login')]
  return [...parts, `${refused} refused`].join(', ')
}

type Style = ReturnType<typeof styler>

function paneLines(
  { title, header, rows }: Pane,
  height: number,
  index: number,
  { focus, scroll }: View,
  style: Style,
): readonly string[] {
  if (height === 0) return []
  const isFocused = index === focus
  const room = roomFor(height)
  const first = isFocused ? Math.min(scroll, Math.max(0, rows.length - room)) : 0
  const shown = rows.slice(first, first + room)
  const range =
    shown.length < rows.length
      ? ` ${first + Math.min(1, shown.length)}-${first + shown.length} of ${rows.length}`
      : ''
  const name = `${isFocused ? '>' : ' '} ${title}${range}`
  return [style.title(name, isFocused), style.bold(header), ...shown.map(style.plain)].slice(
    0,
    height,
  )
}

/** Cut first, so that no escape sequence is. */
function styler(columns: number, styles: boolean) {
  const cut = (line: string) => [...line].slice(0, columns).join('')
  const on = (code: number, off: number, text: string) =>
    styles ? `\u001b[${code}m${text}\u001b[${off}m` : text
  return {
    plain: cut,
    bold: (line: string) => on(1, 22, cut(line)),
    title: (line: string, isFocused: boolean) =>
      isFocused ? on(7, 27, cut(line.padEnd(columns))) : on(1, 22, cut(line)),
  }
}
