/** Join tokens on the hub's side: their making, their presentation, and why one is refused. */
import { formatTime } from '../base/clock.ts'
import {
  encodeJoinToken,
  hashJoinTokenSecret,
  JoinTokenError,
  type JoinTokenKind,
  parseJoinToken,
  SECRET_LENGTH,
} from '../trust/join-token.ts'
import type { Caller } from './caller.ts'
import { actorOf } from './caller.ts'
import type { AuthContext } from './context.ts'
import { AuthError } from './errors.ts'
import { chooseLife, TOKEN_LIFE } from './lives.ts'
import type { TokenInvalidation, TokenRecord } from './records.ts'
import { botRemoved } from './refusals.ts'

const MOST_USES = 100_000

export interface TokenOptions {
  readonly ttl?: number | undefined
  readonly uses?: number | undefined
}

/** A token just made. Its value is known here and now only. */
export interface NewToken {
  readonly value: string
  readonly record: TokenRecord
}

/** Who joins with it: this bot, or nodes. */
export type TokenOwner =
  | { readonly kind: 'bot'; readonly bot: string }
  | { readonly kind: 'node'; readonly bot: undefined }

export const FOR_NODES: TokenOwner = { kind: 'node', bot: undefined }

/** @throws AuthError `invalid-request` */
export function createToken(
  { authorities, clock, random }: AuthContext,
  caller: Caller,
  { kind, bot }: TokenOwner,
  options: TokenOptions,
): NewToken {
  const life = chooseLife(TOKEN_LIFE, options.ttl)
  const uses = options.uses ?? 1
  if (!Number.isInteger(uses) || uses < 1 || uses > MOST_USES) {
    throw new AuthError('invalid-request', `a token can't have ${uses} uses`, {
      hint: `choose 1 to ${MOST_USES}; 1 is the safest`,
    })
  }
  const secret = random.bytes(SECRET_LENGTH)
  const secretHash = hashJoinTokenSecret(secret)
  return {
    value: encodeJoinToken({ kind, secret, pin: authorities.pin }),
    record: {
      id: secretHash.toString('hex', 0, 8),
      secretHash,
      kind,
      bot,
      uses,
      usesLeft: uses,
      invalidated: undefined,
      expiresAt: clock.now() + life,
      createdAt: clock.now(),
      createdBy: actorOf(caller),
    },
  }
}

/** What the audit log says of a new token. */
export function aboutToken({ record }: NewToken) {
  return {
    bot: record.bot,
    fields: {
      token: record.id,
      kind: record.kind,
      uses: String(record.uses),
      expires_at: new Date(record.expiresAt).toISOString(),
    },
  }
}

/**
 * The hash under which a token that somebody presents would be stored.
 *
 * @throws AuthError `invalid-request`, `token-wrong-kind`
 */
export function readToken(text: string, wanted: JoinTokenKind): Buffer {
  try {
    const { kind, secret } = parseJoinToken(text)
    if (kind === wanted) return hashJoinTokenSecret(secret)
  } catch (error) {
    if (!(error instanceof JoinTokenError)) throw error
    throw new AuthError('invalid-request', error.message, { hint: error.hint })
  }
  throw wrongKind(wanted)
}

/**
 * The bot that joins with this token. The kind in a token's text is its bearer's word: the one on
 * record counts.
 *
 * @throws AuthError `token-wrong-kind`
 */
export function botOf({ bot }: TokenRecord): string {
  if (bot === undefined) throw wrongKind('bot')
  return bot
}

/** @throws AuthError `token-wrong-kind` */
export function requireForNodes({ kind }: TokenRecord): void {
  if (kind !== 'node') throw wrongKind('node')
}

function wrongKind(wanted: JoinTokenKind): AuthError {
  return wanted === 'bot'
    ? new AuthError('token-wrong-kind', 'this join token is for a node, not for a bot', {
        hint: 'use it with mezd node start; a bot gets its token from mezctl bots add',
      })
    : new AuthError('token-wrong-kind', 'this join token is for a bot, not for a node', {
        hint: 'use it with mezd identity start; for nodes: mezctl tokens create --roles=node',
      })
}

export type TokenState = 'active' | 'used' | 'expired' | TokenInvalidation

export function tokenState(token: TokenRecord, now: number): TokenState {
  if (token.invalidated !== undefined) return token.invalidated
  if (token.usesLeft === 0) return 'used'
  return token.expiresAt <= now ? 'expired' : 'active'
}

/** @throws AuthError with the token's own reason, unless it can be redeemed at `now` */
export function requireActive(token: TokenRecord, now: number): void {
  const { id, bot } = token
  const hint =
    bot === undefined
      ? 'make a new one: mezctl tokens create --roles=node'
      : `make a new one: mezctl bots rotate-token ${bot}`
  switch (tokenState(token, now)) {
    case 'active':
      return
    case 'used': {
      const look = bot === undefined ? 'mezctl nodes ls' : `mezctl bots instances ${bot}`
      throw new AuthError('token-used', `join token ${id} has been used already`, {
        hint: `if it wasn't you, somebody else joined with it: ${look}; to join again, ${hint}`,
      })
    }
    case 'expired':
      throw new AuthError(
        'token-expired',
        `join token ${id} has expired at ${formatTime(token.expiresAt)}, and on the hub it is ${formatTime(now)}`,
        { hint },
      )
    case 'rotated':
      throw new AuthError('token-rotated', `join token ${id} was replaced by a newer one`, {
        hint: 'use the newest one',
      })
    case 'restored':
      throw new AuthError(
        'token-rotated',
        `join token ${id} ended when the hub was restored from a backup`,
        { hint },
      )
    case 'bot-removed':
      throw botRemoved(bot ?? id)
  }
}
