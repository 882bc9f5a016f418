/** Leave for one renewal with an expired identity: as flags take it, and as it is printed. */
import { optional, withDefault } from '../../base/parameter.ts'
import { boolean, duration } from '../../base/value-kind.ts'
import type { Readmission } from '../../gen/mezite/v1/admin_pb.js'
import { CliError } from '../cli-error.ts'
import { printable } from '../printable.ts'
import type { Column } from '../table.ts'
import { counted, timeText } from './wire-values.ts'

export const readmissionParameters = {
  ttl: optional(duration, {
    help: 'how long it may take until the machine has renewed; 1d at most',
    defaultText: '10m',
  }),
  cancel: withDefault(boolean, () => false, { help: 'take back what was granted' }),
}

/** @throws CliError `usage` */
export function checkReadmission(values: {
  readonly ttl: unknown
  readonly cancel: boolean
}): void {
  if (!values.cancel || values.ttl === undefined) return
  throw new CliError('usage', '--cancel and --ttl exclude each other', { hint: 'give one of them' })
}

export function readmissionJson(readmission: Readmission) {
  return {
    instance_id: readmission.instanceId,
    created_at: timeText(readmission.createdAt),
    created_by: readmission.createdBy,
    expires_at: timeText(readmission.expiresAt),
    used_at: timeText(readmission.usedAt),
  }
}

export const READMISSION_COLUMNS: readonly Column<Readmission>[] = [
  { header: 'READMITTED', cell: ({ instanceId }) => instanceId },
  { header: 'UNTIL', cell: ({ expiresAt }) => timeText(expiresAt) ?? '' },
  { header: 'BY', cell: ({ createdBy }) => createdBy },
  { header: 'USED', cell: ({ usedAt }) => timeText(usedAt) ?? 'not yet' },
]

/** @param name of the bot or the node */
export function grantedText(name: string, granted: readonly Readmission[]): string {
  const lines = granted.map(
    ({ instanceId, expiresAt }) =>
      `Readmitted: ${name}, instance ${instanceId} (once, until ${timeText(expiresAt)})`,
  )
  const then =
    'Its daemon tries again within a minute; on the machine, a reload makes it try at once.'
  return [...lines, then].map((line) => `${printable(line)}\n`).join('')
}

export function cancelledText(name: string, cancelled: readonly Readmission[]): string {
  return `Readmission cancelled: ${printable(name)} (${counted(cancelled.length, 'instance')})\n`
}
