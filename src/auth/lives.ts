/** How long things live. All in milliseconds; what a caller asks for is checked here. */
import { DAY, HOUR, MINUTE, SECOND } from '../base/clock.ts'
import { formatDuration } from '../base/duration.ts'
import { AuthError } from './errors.ts'

/** Certificates are valid from this long before their issue, for clocks that are a little behind. */
export const BACKDATE = MINUTE

/**
 * The hub's own certificates, that of its CA and that of its server, are valid from this long before:
 * a client whose clock is behind gets as far as the hub, which names both clocks.
 */
export const HUB_BACKDATE = DAY

/** The clocks of hub and client may differ by this much at a join. */
export const CLOCK_TOLERANCE = 5 * MINUTE

interface Life {
  readonly what: string
  readonly standard: number
  readonly shortest: number
  readonly longest: number
}

export const CERTIFICATE_LIFE: Life = {
  what: 'certificate TTL',
  standard: HOUR,
  shortest: 5 * SECOND,
  longest: 7 * DAY,
}

/** A bot that names no interval renews after this part of its certificate's life. */
export const RENEWAL_PART = 1 / 3

export const IDENTITY_LIFE: Life = {
  what: 'identity TTL',
  standard: DAY,
  shortest: MINUTE,
  longest: 30 * DAY,
}

/**
 * A node's identity certificate and its host certificate. The agent renews both after a third of it, so
 * a node that was off for some days needs no new token.
 */
export const NODE_LIFE = 7 * DAY

export const TOKEN_LIFE: Life = {
  what: 'token TTL',
  standard: HOUR,
  shortest: SECOND,
  longest: 30 * DAY,
}

export const ADMIN_LIFE: Life = {
  what: 'admin identity TTL',
  standard: 90 * DAY,
  shortest: MINUTE,
  longest: 366 * DAY,
}

export const LOCK_LIFE: Life = {
  what: 'lock TTL',
  standard: DAY,
  shortest: SECOND,
  longest: 10 * 365 * DAY,
}

/** @throws AuthError `invalid-request` */
export function chooseLife(life: Life, wanted: number | undefined): number {
  if (wanted === undefined) return life.standard
  if (wanted >= life.shortest && wanted <= life.longest) return wanted
  const range = `${formatDuration(life.shortest)} to ${formatDuration(life.longest)}`
  throw new AuthError(
    'invalid-request',
    `a ${life.what} of ${formatDuration(wanted)} can't be had`,
    {
      hint: `choose ${range}`,
    },
  )
}

/**
 * The life of the next output certificate: what was asked for, capped by the bot's roles.
 *
 * @throws AuthError `interval-too-long` where the renewals that the caller plans would come too late
 */
export function outputCertificateLife(
  wanted: number | undefined,
  cap: number | undefined,
  renewalInterval: number | undefined,
): number {
  const chosen = chooseLife(CERTIFICATE_LIFE, wanted)
  const life = Math.min(chosen, cap ?? chosen)
  if (renewalInterval !== undefined && renewalInterval >= life) {
    const interval = formatDuration(renewalInterval)
    const capped = life < chosen ? ', to which its roles cap it' : ''
    throw new AuthError(
      'interval-too-long',
      `a renewal interval of ${interval} is not shorter than the certificate's life of ${formatDuration(life)}${capped}`,
      { hint: 'set a shorter --renewal-interval, or leave it out for a third of the life' },
    )
  }
  return life
}
