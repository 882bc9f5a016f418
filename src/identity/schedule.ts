/**
 * When to renew, and when to try again. All times are the hub's, in milliseconds since the epoch;
 * what this machine's clock says plays no part.
 */
import { HOUR, MINUTE, SECOND } from '../base/clock.ts'
import type { Random } from '../base/random.ts'

/** What decides on the next renewal. */
export interface RenewalTerms {
  /** When the output certificate was issued, and when it ends. */
  readonly issuedAt: number
  readonly endsAt: number
  /** Undefined: a third of the certificate's life. */
  readonly renewalIntervalMs: number | undefined
  /** When the hub would like it; undefined: it doesn't mind. */
  readonly suggestedAt: number | undefined
}

const DEFAULT_PART = 1 / 3
const JITTER = 0.1

/** The last part of a life is left for retries. */
const MARGIN = { part: 0.1, most: 5 * MINUTE }
/** A hub's suggestion is followed up to this part of a life, or to the interval where that is longer. */
const LATEST_PART = 2 / 3
/** A hub that suggests "now" each time must not be asked without a pause. */
const PAUSE = { part: 0.1, most: 30 * SECOND }

const RETRY = { first: SECOND, most: MINUTE, least: SECOND / 4, part: 0.1 }
/** How far a hub is obeyed that asks for patience. */
const PATIENCE = { most: HOUR, part: 0.25 }

/**
 * The time of the next renewal. The hub's suggestion is taken as it is, within a safe part of the
 * life, since the hub spreads them; an interval gets a jitter of +-10 %, so that machines started
 * together drift apart. Either way the renewal comes before the certificate's end, with room for
 * retries.
 */
export function renewAt(terms: RenewalTerms, random: Pick<Random, 'fraction'>): number {
  const { issuedAt, endsAt, renewalIntervalMs, suggestedAt } = terms
  const life = Math.max(0, endsAt - issuedAt)
  const interval = renewalIntervalMs ?? life * DEFAULT_PART
  const spread = 1 + JITTER * (2 * random.fraction() - 1)
  const wanted =
    suggestedAt === undefined
      ? issuedAt + interval * spread
      : clamp(
          suggestedAt,
          issuedAt + partOf(life, PAUSE),
          issuedAt + Math.max(interval, life * LATEST_PART),
        )
  return Math.min(endsAt - partOf(life, MARGIN), wanted)
}

/**
 * How long to wait after the failure number `attempt` (the first is 0) with `leftMs` of the output
 * certificate's life to go: exponential backoff with full jitter, capped at the smaller of a minute
 * and a tenth of what is left; a minute when nothing is left. Never so short that it is a busy loop.
 *
 * @param askedMs how long the hub would like not to be asked. It is obeyed, and as much again by
 *   lot, since it says the same to many: up to an hour, and a quarter of what is left
 */
export function retryDelay(
  attempt: number,
  leftMs: number,
  random: Pick<Random, 'fraction'>,
  askedMs = 0,
): number {
  const cap = leftMs > 0 ? Math.min(RETRY.most, leftMs * RETRY.part) : RETRY.most
  const backoff = Math.min(cap, RETRY.first * 2 ** attempt)
  const patience = leftMs > 0 ? Math.min(PATIENCE.most, leftMs * PATIENCE.part) : PATIENCE.most
  const asked = Math.min(patience, askedMs * (1 + random.fraction()))
  return Math.max(RETRY.least, asked, backoff * random.fraction())
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value))
}

function partOf(life: number, { part, most }: { readonly part: number; readonly most: number }) {
  return Math.min(life * part, most)
}
