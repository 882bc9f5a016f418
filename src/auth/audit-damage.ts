import { type ErrorDetails, MeziteError } from '../base/errors.ts'

/**
 * Why an audit log can't be taken for what the hub wrote.
 *
 * - `altered`: an event, or the hash before it, isn't what its own hash says
 * - `missing`: events aren't there that must have been
 * - `misplaced`: an event that doesn't belong here: inserted, repeated or moved
 * - `contradiction`: the chain fits, but isn't the one that was signed
 * - `bad-signature`, `unknown-key`: of a checkpoint or an anchor
 * - `unsigned`: no checkpoint says what it must say
 * - `not-covered`: it doesn't reach back to what it is to be compared with
 * - `malformed`: not what is written into such a file
 * - `unknown-version`: written by a newer hub; whether it is damaged can't be told
 */
export const AUDIT_DAMAGE_CODES = [
  'altered',
  'missing',
  'misplaced',
  'contradiction',
  'bad-signature',
  'unknown-key',
  'unsigned',
  'not-covered',
  'malformed',
  'unknown-version',
] as const

export type AuditDamageCode = (typeof AUDIT_DAMAGE_CODES)[number]

export class AuditDamage extends MeziteError<AuditDamageCode> {
  /** Of the first event that is wrong or missing; undefined where it is of none. */
  readonly sequence: number | undefined

  constructor(
    code: AuditDamageCode,
    sequence: number | undefined,
    message: string,
    details?: ErrorDetails,
  ) {
    super(code, message, details)
    this.sequence = sequence
  }
}
