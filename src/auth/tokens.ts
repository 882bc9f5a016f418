/** Join tokens on the hub's side: their making, and why one is refused. */
import { encodeJoinToken, hashJoinTokenSecret, SECRET_LENGTH } from '../trust/join-token.ts'
import type { Caller } from './caller.ts'
import { actorOf } from './caller.ts'
import type { AuthContext } from './context.ts'
import { AuthError } from './errors.ts'
import { chooseLife, TOKEN_LIFE } from './lives.ts'
import type { TokenRecord } from './records.ts'
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

/** @throws AuthError `invalid-request` */
export function createBotToken(
  { authorities, clock, random }: AuthContext,
  caller: Caller,
  bot: string,
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
    value: encodeJoinToken({ kind: 'bot', secret, pin: authorities.pin }),
    record: {
      id: secretHash.toString('hex', 0, 8),
      secretHash,
      kind: 'bot',
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

export type TokenState = 'active' | 'used' | 'expired' | 'rotated' | 'bot-removed'

export function tokenState(token: TokenRecord, now: number): TokenState {
  if (token.invalidated !== undefined) return token.invalidated
  if (token.usesLeft === 0) return 'used'
  return token.expiresAt <= now ? 'expired' : 'active'
}

const ROTATE_HINT = (bot: string) => `make a new one: mezctl bots rotate-token ${bot}`

/** @throws AuthError with the token's own reason, unless it can be redeemed at `now` */
export function requireActive(token: TokenRecord, now: number): void {
  const hint = ROTATE_HINT(token.bot)
  switch (tokenState(token, now)) {
    case 'active':
      return
    case 'used':
      throw new AuthError('token-used', `join token ${token.id} has been used already`, {
        hint: `if it wasn't you, somebody else joined with it: mezctl bots instances ${token.bot}; to join again, ${hint}`,
      })
    case 'expired':
      throw new AuthError('token-expired', `join token ${token.id} has expired`, { hint })
    case 'rotated':
      throw new AuthError('token-rotated', `join token ${token.id} was replaced by a newer one`, {
        hint: 'use the newest one',
      })
    case 'bot-removed':
      throw botRemoved(token.bot)
  }
}
