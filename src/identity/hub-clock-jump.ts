/**
 * A hub whose clock has jumped issues certificates that no server takes, since they have ended there or
 * aren't valid yet. They don't take the place of one that is still good. And an identity that has ended
 * already would be the last one, once the hub's clock is right again.
 */
import { formatTime, MINUTE, SECOND } from '../base/clock.ts'
import { IdentityError } from './errors.ts'
import { type Identity, identityEndsAt } from './identity.ts'

/** Less than that is no jump: as much is tolerated at a join. */
const JUMP = 5 * MINUTE

export interface Clocks {
  /** The hub's time, from its last answer on. */
  readonly expected: number
  /** This machine's date. */
  readonly here: number
}

/**
 * Whether the hub's clock has jumped since it issued what is published, and this machine's has it that
 * there is nothing to be gained by the next certificates. A clock that is wrong here and not at the hub
 * is another matter: then the hub's hasn't jumped.
 */
export function isOfJumpedClock(next: Identity, published: Identity, clocks: Clocks): boolean {
  const { expected, here } = clocks
  if (Math.abs(next.issuedAt - expected) <= JUMP || isValidAt(next, here)) return false
  return isValidAt(published, here) || identityEndsAt(next) <= here
}

function isValidAt({ sshCertificate }: Identity, now: number): boolean {
  const { validAfter, validBefore } = sshCertificate
  return Number(validAfter) * SECOND <= now && now < Number(validBefore) * SECOND
}

export function hubClockJumped(hub: number, here: number): IdentityError {
  return new IdentityError(
    'clock-skew',
    `the hub's clock has jumped: ${formatTime(hub)} there, ${formatTime(here)} on this machine; what it issues by that clock is not taken`,
    { hint: 'set the clock that is wrong (timedatectl shows it); it is tried again by itself' },
  )
}
