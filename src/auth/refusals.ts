/** The refusals that more than one act knows: what each says, and what to do about it. */
import type { BotCaller } from './caller.ts'
import { AuthError } from './errors.ts'
import type { LockRecord } from './records.ts'

export function unknownToken(): AuthError {
  return new AuthError('token-unknown', 'the hub does not know this join token', {
    hint: 'make a new one: mezctl bots rotate-token NAME',
  })
}

export function botRemoved(bot: string): AuthError {
  return new AuthError('bot-removed', `bot "${bot}" has been removed`, {
    hint: 'if it is still needed, create it anew: mezctl bots add',
  })
}

export function botMissing(name: string): AuthError {
  return new AuthError('not-found', `there is no bot "${name}"`, {
    hint: 'mezctl bots ls shows the bots there are',
  })
}

export function locked({ target, message }: LockRecord): AuthError {
  const reason = message === '' ? '' : `: ${message}`
  const hint = `when it is safe again: mezctl bots unlock ${target.bot}`
  return target.kind === 'bot'
    ? new AuthError('bot-locked', `bot "${target.bot}" is locked${reason}`, { hint })
    : new AuthError(
        'instance-locked',
        `instance ${target.instanceId} of bot "${target.bot}" is locked${reason}`,
        { hint },
      )
}

export function generationMismatch(caller: BotCaller, newest: bigint): AuthError {
  return new AuthError(
    'generation-mismatch',
    `generation ${caller.generation} of instance ${caller.instanceId} was presented, but ${newest} is the newest: the credential was used twice, and the instance is locked`,
    {
      hint: `find out who holds a copy of the state directory (mezctl audit ls --instance=${caller.instanceId}), then mezctl bots unlock ${caller.bot} or rotate its token`,
    },
  )
}

export function instanceUnknown({ bot, instanceId }: BotCaller): AuthError {
  return new AuthError('instance-unknown', `bot "${bot}" has no instance ${instanceId}`, {
    hint: `join again with a new token: mezctl bots rotate-token ${bot}`,
  })
}

export function identityExpired(bot: string): AuthError {
  return new AuthError('identity-expired', `the identity certificate of bot "${bot}" has expired`, {
    hint: `join again with a new token: mezctl bots rotate-token ${bot}`,
  })
}
