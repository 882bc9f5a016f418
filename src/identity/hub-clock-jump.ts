/**
 * A hub whose clock has jumped issues certificates that no server takes, since they have ended there or
 * aren't valid yet. They don't take the place of one that is still good. And an identity that has ended
 * already would be the last one, once the hub's clock is right again.
 */
import { formatTime, MINUTE, SECOND } from '../base/clock.ts'
import type { SshCertificate } from '../ssh/certificate.ts'
import { IdentityError } from './errors.ts'

/** Less than that is no jump: as much is tolerated at a join. */
const JUMP = 5 * MINUTE

/** What the hub has issued to a bot or a node. Times are milliseconds since the epoch, the hub's. */
export interface Issue {
  readonly issuedAt: number
  /** Of the bot's key, or of the node's host key. */
  readonly certificate: Pick<SshCertificate, 'validAfter' | 'validBefore'>
  readonly identityEndsAt: number
}

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
function isOfJumpedClock(next: Issue, published: Issue, clocks: Clocks): boolean {
  const { expected, here } = clocks
  if (Math.abs(next.issuedAt - expected) <= JUMP || isValidAt(next, here)) return false
  return isValidAt(published, here) || next.identityEndsAt <= here
}

function isValidAt({ certificate }: Issue, now: number): boolean {
  const { validAfter, validBefore } = certificate
  return Number(validAfter) * SECOND <= now && now < Number(validBefore) * SECOND
}

/**
 * @param published what the hub has issued to this process before; undefined: nothing, so that nobody
 *   can tell whose clock is wrong
 * @throws IdentityError `clock-skew`
 */
export function refuseJumpedClock(next: Issue, published: Issue | undefined, clocks: Clocks): void {
  if (published === undefined || !isOfJumpedClock(next, published, clocks)) return
  throw hubClockJumped(next.issuedAt, clocks.here)
}

function hubClockJumped(hub: number, here: number): IdentityError {
  return new IdentityError(
    'clock-skew',
    `the hub's clock has jumped: ${formatTime(hub)} there, ${formatTime(here)} on this machine; what it issues by that clock is not taken`,
    { hint: 'set the clock that is wrong (timedatectl shows it); it is tried again by itself' },
  )
}
