/** What there is to say of a certificate that somebody holds. */

/**
 * - `revoked`: a lock keeps its holder out, or the holder was removed
 * - `expired`: its time is over
 * - `overdue`: its holder should have renewed it by now
 * - `expiring`: less than a fifth of its life is left
 * - `valid`: none of these
 */
export const CERTIFICATE_STATES = ['valid', 'expiring', 'overdue', 'expired', 'revoked'] as const
export type CertificateState = (typeof CERTIFICATE_STATES)[number]

export interface CertificateTimes {
  readonly issuedAt: number
  readonly expiresAt: number
  /** Undefined: nobody waits for a renewal of it. */
  readonly overdueAt: number | undefined
}

const LAST_PART = 1 / 5

export function certificateState(
  { issuedAt, expiresAt, overdueAt }: CertificateTimes,
  isRevoked: boolean,
  now: number,
): CertificateState {
  if (expiresAt <= now) return 'expired'
  if (isRevoked) return 'revoked'
  if (overdueAt !== undefined && overdueAt <= now) return 'overdue'
  return expiresAt - now < (expiresAt - issuedAt) * LAST_PART ? 'expiring' : 'valid'
}
